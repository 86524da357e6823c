"""A server that the vendor's SDKs reach over TLS, beside the plaintext port."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.tocsin_process import Tocsin, run_tocsin, serving

BUILT_IN = "*.api.cloud.yandex.net"
"""The names of the addresses that are built into the SDKs."""


@dataclass(frozen=True)
class Certificates:
    """What `tocsin dev-certs` makes."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.directory / "server.pem"

    @property
    def key(self) -> Path:
        return self.directory / "server.key"

    def options(self, listen: str) -> tuple[str, ...]:
        pair = ("--tls-cert", str(self.certificate), "--tls-key", str(self.key))
        return ("--tls", listen, *pair)


@dataclass(frozen=True)
class Served:
    tocsin: Tocsin
    certificates: Certificates

    @property
    def ca(self) -> Path:
        return self.certificates.ca

    @property
    def tls(self) -> str:
        """Where TLS is, by the name that is in the certificate."""
        return f"localhost:{self.tocsin.address('tls').rpartition(':')[2]}"

    @property
    def plaintext(self) -> str:
        return self.tocsin.grpc_address


def make_certificates(directory: Path) -> Certificates:
    made = run_tocsin("dev-certs", BUILT_IN, "--directory", str(directory))
    assert made.status == 0, made.stderr
    return Certificates(directory)


@contextmanager
def serving_tls(
    certificates: Certificates,
    config: str = "",
    *options: str,
    port: int = 0,
    within: Sequence[str] = (),
) -> Iterator[Served]:
    over_tls = (*certificates.options(f"127.0.0.1:{port}"), *options)
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *over_tls, http="off", within=within) as tocsin,
    ):
        yield Served(tocsin, certificates)
