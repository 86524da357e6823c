"""Defines `tocsin dev-certs`."""

import os
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say_lines

FILES = ("ca.pem", "server.pem", "server.key")
USUAL_NAMES = ("localhost", "127.0.0.1", "::1")

# The longest life that Apple's systems accept under an authority that a user has added.
# https://support.apple.com/en-us/103769
LIFE = timedelta(days=825)


def dev_certs(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]…",
            help="More names and addresses that clients dial, such as `*.api.cloud.yandex.net`.",
        ),
    ] = None,
    directory: Annotated[Path, typer.Option(metavar="DIR", help="Write the files here.")] = Path(
        "tocsin-certs"
    ),
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace existing files."),
    ] = False,
) -> None:
    """Make a certificate authority and a certificate to serve TLS with, for development.

    The certificate is for localhost, 127.0.0.1, ::1 and each NAME. The authority's own key is
    discarded: a client that trusts the authority trusts this one certificate and no other. To serve
    other people, use a certificate from an authority that they already trust.

    The command prints what each client needs to trust the certificate.
    """
    files = {name: directory / name for name in FILES}
    if not overwrite and (there := [str(file) for file in files.values() if file.exists()]):
        raise refusal(f"{', '.join(there)}: already exists; give --overwrite to replace")
    contents = _certificates(list(dict.fromkeys((*USUAL_NAMES, *(names or ())))))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            _write(file, contents[name], private=file.suffix == ".key")
    except OSError as error:
        raise refusal(f"{error.filename}: {error.strerror}") from error
    say_lines(advice(directory.absolute()))


def _certificates(names: list[str]) -> dict[str, bytes]:
    # Slow to import.
    import trustme

    from tocsin.schedule import SystemClock

    now = SystemClock().now()
    organization = "Tocsin for development"
    ca = trustme.CA(organization_name=organization)
    for name in names:
        try:
            ca.issue_cert(name)
        except ValueError as error:
            raise refusal(f"a certificate can't be for {name}: {error}", status=USAGE) from error
    server = ca.issue_cert(
        *names,
        organization_name=organization,
        not_before=now - timedelta(days=1),
        not_after=now + LIFE - timedelta(days=1),
    )
    return {
        "ca.pem": ca.cert_pem.bytes(),
        "server.pem": b"".join(pem.bytes() for pem in server.cert_chain_pems),
        "server.key": server.private_key_pem.bytes(),
    }


def _write(file: Path, content: bytes, *, private: bool) -> None:
    """Replaces the file in one step; a private file is never readable by others."""
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    mode = 0o600 if private else 0o644
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
    unfinished.replace(file)


def advice(directory: Path) -> str:
    """Returns the command that serves with the files, and what makes clients trust them."""
    ca, pem, key = (shlex.quote(str(directory / name)) for name in FILES)
    store = shlex.quote(str(directory / "truststore.p12"))
    lines = {
        "Serve": f"tocsin serve --tls 127.0.0.1:8443 --tls-cert {pem} --tls-key {key}",
        "Python, yandexcloud": 'yandexcloud.SDK(endpoint="localhost:8443", '
        f'root_certificates=open({str(directory / "ca.pem")!r}, "rb").read(), …)',
        "Python and Node, gRPC": f"export GRPC_DEFAULT_SSL_ROOTS_FILE_PATH={ca}",
        "Python, google-api-python-client": f"export HTTPLIB2_CA_CERTS={ca}",
        "Node, googleapis and other HTTPS": f"export NODE_EXTRA_CA_CERTS={ca}",
        "Go, Terraform, yc, on Linux": f"export SSL_CERT_FILE={ca}",
        "Java, once": f"keytool -importcert -noprompt -alias tocsin -file {ca} "
        f"-keystore {store} -storepass changeit",
        "Java, then": f"java -Djavax.net.ssl.trustStore={store} "
        "-Djavax.net.ssl.trustStorePassword=changeit …",
        "curl": f"curl --cacert {ca} https://localhost:8443/endpoints",
        "grpcurl": f"grpcurl -cacert {ca} localhost:8443 list",
        "tocsin": f"export TOCSIN_SERVER=localhost:8443 TOCSIN_CA={ca}",
    }
    return "\n".join(f"{name}:\n  {line}" for name, line in lines.items())
