"""Loads the certificate for STARTTLS (RFC 3207), and loads it again after a renewal."""

import ssl
from pathlib import Path
from typing import TypeAlias

import structlog

log = structlog.get_logger(__name__)

Version: TypeAlias = tuple[tuple[int, int], ...]


class MailTls:
    """Holds the TLS context of a certificate chain and its key, both files in PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Loads the files.

        Raises:
            OSError: the files can't be read, or are not a certificate and its key.
        """
        self._files = (certificate, key)
        self._version = self._now()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Returns the context for a new connection; a broken renewal is ignored."""
        try:
            version = self._now()
            if version != self._version:
                self._version = version
                self._context = self._read()
        except OSError as error:
            log.warning(
                "refused the renewed certificate for mail, the previous one stays in use",
                error=str(error),
            )
        return self._context

    def _now(self) -> Version:
        stats = [file.stat() for file in self._files]
        return tuple((stat.st_mtime_ns, stat.st_ino) for stat in stats)

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate, key = self._files
        context.load_cert_chain(certificate, key, password=_no_password)
        return context


def _no_password() -> str:
    """Refuses an encrypted key; without this, OpenSSL asks for a password on the terminal."""
    raise OSError("the key is encrypted; give one without a password")
