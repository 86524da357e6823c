"""Reads and checks the certificate of the TLS listener, hands it to Envoy and renews it.

If Envoy read the files itself, it would stop with an error in its own words, or use a renewed
certificate with the key before. So we write one file for Envoy, which changes in one step.
"""

import asyncio
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

from tocsin.gateway.files import replace_file
from tocsin.gateway.settings import Tls
from tocsin.gateway.tls import authorities_secret, server_secret
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two reads of the files. Watching them would miss some ways to renew."""

SOON = timedelta(days=14)
"""How long before its end a certificate is warned of, or a sixth of its life if that is less."""

_WARN_EVERY = timedelta(days=1)
_SMALLEST_RSA_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class CertificateError(Exception):
    """A certificate or a key is unusable; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class Files:
    """Names the certificate's files, and that of the authorities of clients' certificates."""

    certificate: Path
    """PEM: the server's certificate, then the intermediate ones up to its authority."""
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """Holds the contents of the files."""

    certificate: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None


@dataclass(frozen=True, slots=True)
class Validity:
    """Holds the instants between which a certificate is valid."""

    begins: datetime
    ends: datetime

    def ends_soon(self, now: datetime) -> bool:
        return now >= self.ends - min(SOON, (self.ends - self.begins) / 6)


class Certificates:
    """Hands the contents of the files to Envoy, as long as they are usable."""

    def __init__(self, files: Files, machine_clock: Clock) -> None:
        """Reads nothing before `load`. The clock must be the machine's: certificates end by it."""
        self._files = files
        self._machine_clock = machine_clock
        self._current: Material
        self._validity: Validity
        self._last_warning: datetime | None = None

    def load(self) -> None:
        """Reads the files for the first time.

        Raises:
            CertificateError: a file is missing or unusable.
        """
        material = _read(self._files)
        self._validity = _checked(self._files, material)
        self._current = material

    def publish(self, directory: Path) -> Tls:
        """Writes the loaded certificate where Envoy reads it, into a private directory."""
        material = self._current
        secrets, authorities = directory / "server.json", directory / "authorities.json"
        replace_file(secrets, server_secret(material.certificate, material.key))
        if material.client_ca is None:
            return Tls(secrets)
        replace_file(authorities, authorities_secret(material.client_ca))
        return Tls(secrets, authorities)

    async def keep_current(self, directory: Path, ends: Callable[[datetime], None]) -> None:
        """Hands each renewal to Envoy; runs until it is cancelled.

        Args:
            directory: the directory that Envoy reads.
            ends: called with the instant at which the certificate ends, now and at each renewal.
        """
        before: Material | str | None = self._current
        judged = before
        ends(self._validity.ends)
        while True:
            self._warn_of_end()
            await self._machine_clock.sleep(LOOK_SECONDS)
            content = await asyncio.to_thread(_read_or_error, self._files)
            # One file may be renewed before the other; two equal reads are taken as final.
            settled, before = content == before, content
            if settled and content != judged:
                judged = content
                if await self._judge(content, directory):
                    ends(self._validity.ends)

    async def _judge(self, content: Material | str, directory: Path) -> bool:
        """Hands a renewal to Envoy if it is usable and new; returns whether it did."""
        if content == self._current:
            return False
        try:
            if isinstance(content, str):
                raise CertificateError(content)
            # Checking some keys takes a tenth of a second.
            validity = await asyncio.to_thread(_checked, self._files, content)
        except CertificateError as error:
            log.error(
                "refused the renewed certificate, the previous one stays in use", error=str(error)
            )
            return False
        self._validity, self._current, self._last_warning = validity, content, None
        try:
            self.publish(directory)
        except OSError as error:
            log.error(
                "could not hand over the renewed certificate, Envoy uses it after its next start",
                error=str(error),
            )
            return False
        log.info("certificate renewed", ends=self._validity.ends.isoformat())
        return True

    def _warn_of_end(self) -> None:
        now, validity = self._machine_clock.now(), self._validity
        if not validity.ends_soon(now):
            return
        if self._last_warning is not None and now - self._last_warning < _WARN_EVERY:
            return
        self._last_warning = now
        details = {"certificate": str(self._files.certificate), "ends": validity.ends.isoformat()}
        if now >= validity.ends:
            log.error("the certificate has expired, clients refuse it: renew it", **details)
        else:
            log.warning("the certificate ends soon: renew it", **details)


def _read_or_error(files: Files) -> Material | str:
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
    """Returns the certificate's validity; raises CertificateError if Envoy could not use it."""
    certificate = _certificates(files.certificate, material.certificate)[0]
    key = _key(files.key, material.key)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{files.key}: the key must be an RSA or an elliptic curve key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SMALLEST_RSA_BITS:
        raise CertificateError(
            f"{files.key}: an RSA key must have at least {_SMALLEST_RSA_BITS} bits, "
            f"this one has {key.key_size}"
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
            f"{file}: must hold a certificate in PEM; it has none, or a broken one"
        ) from error


def _key(file: Path, content: bytes) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(content, password=None)
    except TypeError as error:
        raise CertificateError(
            f"{file}: the key is encrypted; give one without a password"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            f"{file}: must hold a private key in PEM; it has none, or a broken one"
        ) from error


def _encoded(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
