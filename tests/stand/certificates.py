"""Certificates for tests, as files."""

import ssl
from datetime import datetime
from pathlib import Path

import trustme


def issue(
    ca: trustme.CA, directory: Path, name: str = "server", *, ends: datetime | None = None
) -> tuple[Path, Path]:
    """Writes a new certificate for localhost and its key; returns the two files."""
    made = ca.issue_cert("localhost", "127.0.0.1", not_after=ends)
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    return certificate, key


def trusting(ca: trustme.CA | Path) -> ssl.SSLContext:
    """A client's context that trusts one authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(ca, Path):
        context.load_verify_locations(ca)
    else:
        ca.configure_trust(context)
    return context
