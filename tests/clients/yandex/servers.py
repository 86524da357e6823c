"""Servers that the vendor's SDKs reach over TLS, beside the plaintext port."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.toolchains import run
from stand.tocsin_process import TOCSIN, Tocsin, run_tocsin, serving

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


@dataclass(frozen=True)
class Accounts:
    """Who may call a server that asks who calls: what `tocsin access` made, each in a variable."""

    editor: Mapping[str, Mapping[str, str]]
    """An account that may do all with triggers, by what it shows."""
    stranger: Mapping[str, str]
    """The IAM token of an account that has no role."""


@contextmanager
def serving_tls(
    certificates: Certificates, *options: str, port: int = 0, within: Sequence[str] = ()
) -> Iterator[Served]:
    """A server that asks nobody who he is."""
    with (
        tempfile.TemporaryDirectory() as made,
        _serving(Path(made), certificates, *options, port=port, within=within) as served,
    ):
        yield served


@contextmanager
def serving_accounts(
    certificates: Certificates,
    port: int = 0,
    within: Sequence[str] = (),
    reach: Callable[[Served], Sequence[str]] = lambda _: (),
) -> Iterator[tuple[Served, Accounts]]:
    """A server that asks all who call; `reach` is the command that goes where it is."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        database = f"sqlite:///{directory / 'tocsin.db'}"
        key = run(TOCSIN, "access", "init", "--database", database).strip()
        guarded = _serving(directory, certificates, "--access", port=port, within=within)
        with guarded as served:
            yield served, _make_accounts(directory, served, key, reach(served))


@contextmanager
def _serving(
    directory: Path,
    certificates: Certificates,
    *options: str,
    port: int,
    within: Sequence[str],
) -> Iterator[Served]:
    over_tls = (*certificates.options(f"127.0.0.1:{port}"), *options)
    with serving(directory, "", *over_tls, http="off", within=within) as tocsin:
        yield Served(tocsin, certificates)


def _make_accounts(
    directory: Path, served: Served, administrator: str, where: Sequence[str]
) -> Accounts:
    at = {"TOCSIN_SERVER": served.tls, "TOCSIN_CA": str(served.ca)}

    def access(*arguments: str, **shown: str) -> str:
        credential = shown or {"TOCSIN_API_KEY": administrator}
        return run(*where, TOCSIN, "access", *arguments, environment=at | credential)

    def account(name: str) -> str:
        made = json.loads(access("accounts", "create", name, "--folder", "b1ghome", "-o", "json"))
        return str(made["id"])

    def oauth_token(account_id: str) -> str:
        return access("oauth-tokens", "create", account_id).strip()

    def iam_token(oauth: str) -> str:
        return access("tokens", "create", TOCSIN_OAUTH_TOKEN=oauth).strip()

    editor = account("editor")
    access("bindings", "add", f"serviceAccount:{editor}", "editor", "*")
    key = directory / "key.json"
    access("keys", "create", editor, "--to", str(key))
    token = oauth_token(editor)
    return Accounts(
        editor={
            "IAM token": {"IAM_TOKEN": iam_token(token)},
            "OAuth token": {"OAUTH_TOKEN": token},
            "key": {"KEY_FILE": str(key)},
        },
        stranger={"IAM_TOKEN": iam_token(oauth_token(account("stranger")))},
    )
