"""The certificate for STARTTLS (RFC 3207): read again when it was renewed."""

import ssl
from pathlib import Path
from typing import TypeAlias

import structlog

log = structlog.get_logger(__name__)

Version: TypeAlias = tuple[tuple[int, int], ...]


class MailTls:
    """Reads a certificate with those between it and its authority, and its key, both in PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Reads them.

        Raises:
            OSError: they can't be read, or are not a certificate and its key.
        """
        self._files = (certificate, key)
        self._version = self._now()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Returns what a connection is to use now. A renewal that is wrong is not taken."""
        try:
            version = self._now()
            if version != self._version:
                self._version = version
                self._context = self._read()
        except OSError as error:
            log.warning("the renewed certificate for mails can't be used", error=str(error))
        return self._context

    def _now(self) -> Version:
        found = [file.stat() for file in self._files]
        return tuple((each.st_mtime_ns, each.st_ino) for each in found)

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate, key = self._files
        context.load_cert_chain(certificate, key, password=_no_password)
        return context


def _no_password() -> str:
    """Without it OpenSSL would ask for one on the terminal."""
    raise OSError("the key is encrypted")
