"""`tocsin access keys`: authorised keys of service accounts."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.access.accounts import AccountArgument
from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.output import Output, OutputOption, print_json, print_table, shown
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

app = typer.Typer(no_args_is_help=True, help="Authorised keys, by which service accounts sign.")

HEAD = ("ID", "ALGORITHM", "DESCRIPTION", "CREATED")
DescriptionOption = Annotated[
    str, typer.Option("--description", metavar="TEXT", help="What it is for.")
]


@app.command("create")
def create_key(
    account: AccountArgument,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Where to write the key. [default: stdout]"),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="The public half, in PEM, of a key of yours; else the server makes a pair.",
        ),
    ] = None,
    description: DescriptionOption = "",
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Give a service account a key, and write the file that the vendor's SDKs read.

    The private half is in that file and nowhere else: the server does not keep it.
    """
    request = contract.CreateKeyRequest(account_id=account, description=description)
    if public_key is not None:
        request.public_key = _read(public_key)
    if to is not None and to.exists():
        raise refusal(f"{to}: already there", status=USAGE)
    with connected(server, ca) as api:
        response = api.access.CreateKey(request)
    if output is Output.JSON:
        print_json(response)
    elif not response.key_file:
        typer.echo(f"{response.key.id} authorised")
    elif to is None:
        typer.echo(response.key_file)
    else:
        _write(to, response.key_file + "\n")
        typer.echo(f"{response.key.id} written to {to}")


@app.command("list")
def list_keys(
    account: AccountArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the authorised keys of an account."""
    with connected(server, ca) as api:
        found = api.access.ListKeys(contract.ListKeysRequest(account_id=account)).keys
    if output is Output.JSON:
        print_json(found)
    else:
        rows = [(key.id, key.algorithm, key.description, shown(key.created_at)) for key in found]
        print_table(HEAD, rows, f"Account {account} has no authorised keys.")


@app.command("delete")
def delete_key(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id.")],
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Delete an authorised key. Tokens that were given for it work no more."""
    with connected(server, ca) as api:
        api.access.DeleteKey(contract.DeleteKeyRequest(key_id=key))
    typer.echo(f"{key} deleted")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}", status=USAGE) from error
    except UnicodeDecodeError as error:
        raise refusal(f"{file}: is no PEM", status=USAGE) from error


def _write(file: Path, text: str) -> None:
    """Writes what nobody else is to read. If that fails it is shown: it can't be had again."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(text)
    except OSError as error:
        typer.echo(text, nl=False)
        raise refusal(f"{file}: {error.strerror}; the key is on stdout instead") from error
