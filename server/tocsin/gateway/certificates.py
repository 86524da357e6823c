"""The certificate that the TLS listener shows: read, looked at, handed to Envoy, renewed.

Envoy would look at the files itself, and stop with an error in its own words, or take one that was
renewed before its key was. So it is given one file that is ours, which changes at once.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from tocsin.gateway.settings import Tls
from tocsin.gateway.tls import authorities_secret, server_secret
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often the files are read again. Watching them would miss one or the other way to renew."""

SOON = timedelta(days=14)
"""Before its end a certificate is warned of: so long, or a sixth of its life if that is less."""

_WARN_EVERY = timedelta(days=1)
_SMALLEST_RSA_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class CertificateError(Exception):
    """A certificate or a key can't be used; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the certificate is, and who signs those of clients, if they must show one."""

    certificate: Path
    """PEM: the server's certificate, then those between it and its authority."""
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """What the files held when they were read."""

    certificate: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a certificate counts."""

    begins: datetime
    ends: datetime

    def ends_soon(self, now: datetime) -> bool:
        return now >= self.ends - min(SOON, (self.ends - self.begins) / 6)


class Certificates:
    """Hands Envoy what the files hold, as long as that can be used."""

    def __init__(self, files: Files, clock: Clock) -> None:
        """Nothing is read before `load`. The clock must be the real one."""
        self._files = files
        self._clock = clock
        self._taken: Material
        self._validity: Validity
        self._told_of_end: datetime | None = None

    def load(self) -> None:
        """Reads the files for the first time; raises CertificateError."""
        material = _read(self._files)
        self._validity = _checked(self._files, material)
        self._taken = material

    def publish(self, directory: Path) -> Tls:
        """Writes what was loaded into a directory that is private, for Envoy to read."""
        material = self._taken
        secrets, authorities = directory / "server.json", directory / "authorities.json"
        _write(secrets, server_secret(material.certificate, material.key))
        if material.client_ca is None:
            return Tls(secrets)
        _write(authorities, authorities_secret(material.client_ca))
        return Tls(secrets, authorities)

    async def keep_current(self, directory: Path, ends: Callable[[datetime], None]) -> None:
        """Takes each renewal for as long as it is let run.

        Args:
            directory: where it is published.
            ends: is told until when the certificate counts, now and at each renewal.
        """
        before: Material | str | None = self._taken
        judged = before
        ends(self._validity.ends)
        while True:
            self._warn_of_end()
            await self._clock.sleep(LOOK_SECONDS)
            found = await asyncio.to_thread(_look, self._files)
            # Half a renewal is nothing to complain of; what stays as it is must be meant.
            settled, before = found == before, found
            if settled and found != judged:
                judged = found
                if await self._judge(found, directory):
                    ends(self._validity.ends)

    async def _judge(self, found: Material | str, directory: Path) -> bool:
        """Takes what was found, if it can be used and is new; returns whether it did."""
        if found == self._taken:
            return False
        try:
            if isinstance(found, str):
                raise CertificateError(found)
            # Some keys take a tenth of a second to look at.
            validity = await asyncio.to_thread(_checked, self._files, found)
        except CertificateError as error:
            log.error("renewed certificate refused, the one before stays", error=str(error))
            return False
        self._validity, self._taken, self._told_of_end = validity, found, None
        try:
            self.publish(directory)
        except OSError as error:
            log.error("renewed certificate waits for Envoy's next start", error=str(error))
            return False
        log.info("certificate renewed", ends=self._validity.ends.isoformat())
        return True

    def _warn_of_end(self) -> None:
        now, validity = self._clock.now(), self._validity
        if not validity.ends_soon(now):
            return
        if self._told_of_end is not None and now - self._told_of_end < _WARN_EVERY:
            return
        self._told_of_end = now
        told = {"certificate": str(self._files.certificate), "ends": validity.ends.isoformat()}
        if now >= validity.ends:
            log.error("the certificate has expired: clients refuse it", **told)
        else:
            log.warning("the certificate ends soon and was not renewed", **told)


def _look(files: Files) -> Material | str:
    try:
        return _read(files)
    except CertificateError as error:
        return str(error)


def _read(files: Files) -> Material:
    return Material(
        _content(files.certificate),
        _content(files.key),
        None if files.client_ca is None else _content(files.client_ca),
    )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateError(f"{file}: {error.strerror}") from error


def _checked(files: Files, material: Material) -> Validity:
    """Returns how long the pair counts; raises CertificateError where Envoy could not use it."""
    certificate = _certificates(files.certificate, material.certificate)[0]
    key = _key(files.key, material.key)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{files.key}: the key must be an RSA or an elliptic curve key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SMALLEST_RSA_BITS:
        raise CertificateError(
            f"{files.key}: an RSA key must have {_SMALLEST_RSA_BITS} bits, it has {key.key_size}"
        )
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, _CURVES):
        raise CertificateError(f"{files.key}: the curve must be P-256, P-384 or P-521")
    if _encoded(certificate.public_key()) != _encoded(key.public_key()):
        raise CertificateError(f"{files.key} is not the key of the certificate {files.certificate}")
    if files.client_ca is not None and material.client_ca is not None:
        _certificates(files.client_ca, material.client_ca)
    return Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _certificates(file: Path, content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise CertificateError(
            f"{file}: there is no certificate in PEM, or a broken one"
        ) from error


def _key(file: Path, content: bytes) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(content, password=None)
    except TypeError as error:
        raise CertificateError(f"{file}: the key is encrypted; give one that is not") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            f"{file}: there is no private key in PEM, or a broken one"
        ) from error


def _encoded(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _write(file: Path, content: str) -> None:
    """Replaces the file at once: Envoy reads it when another is moved to its place."""
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(content)
    unfinished.replace(file)
