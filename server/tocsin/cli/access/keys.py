"""Defines `tocsin access keys`, for authorised keys of service accounts."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.access.accounts import AccountArgument
from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say, say_lines
from tocsin.cli.terminal.output import Output, OutputOption, instant_text, print_json, print_table
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

app = typer.Typer(
    no_args_is_help=True, help="Manage authorised keys, with which service accounts sign."
)

HEAD = ("ID", "ALGORITHM", "DESCRIPTION", "CREATED")
DescriptionOption = Annotated[
    str, typer.Option("--description", metavar="TEXT", help="A note for people.")
]


@app.command("create")
def create_key(
    account: AccountArgument,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write the key file here. [default: stdout]"),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="Authorise your own key by its public half, in PEM. [default: make a new pair]",
        ),
    ] = None,
    description: DescriptionOption = "",
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Give a service account a key, and write the key file that the vendor's SDKs read.

    The private half is only in that file: the server does not keep it.
    """
    request = contract.CreateKeyRequest(account_id=account, description=description)
    if public_key is not None:
        request.public_key = _read(public_key)
    if to is not None and public_key is not None:
        raise refusal("with --public-key there is no key file: leave out --to", status=USAGE)
    if to is not None and output is Output.JSON:
        raise refusal("-o json prints the key file to stdout: leave out --to", status=USAGE)
    if to is not None and to.exists():
        raise refusal(f"{to}: already exists", status=USAGE)
    with connected(server, ca) as api:
        response = api.access.CreateKey(request)
    if output is Output.JSON:
        print_json(response)
    elif not response.key_file:
        say(f"{response.key.id} authorised")
    elif to is None:
        say_lines(response.key_file)
    else:
        _write(to, response.key_file + "\n")
        say(f"{response.key.id} written to {to}")


@app.command("list")
def list_keys(
    account: AccountArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the authorised keys of an account."""
    with connected(server, ca) as api:
        keys = api.access.ListKeys(contract.ListKeysRequest(account_id=account)).keys
    if output is Output.JSON:
        print_json(keys)
    else:
        rows = [
            (key.id, key.algorithm, key.description, instant_text(key.created_at)) for key in keys
        ]
        print_table(HEAD, rows, f"Account {account} has no authorised keys.")


@app.command("delete")
def delete_key(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's ID.")],
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Delete an authorised key. IAM tokens that it was exchanged for become invalid."""
    with connected(server, ca) as api:
        api.access.DeleteKey(contract.DeleteKeyRequest(key_id=key))
    say(f"{key} deleted")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}", status=USAGE) from error
    except UnicodeDecodeError as error:
        raise refusal(f"{file}: must be a public key in PEM", status=USAGE) from error


def _write(file: Path, text: str) -> None:
    """Writes a file that only this user can read; if that fails, prints the text instead."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(text)
    except OSError as error:
        say_lines(text.rstrip("\n"))
        raise refusal(
            f"{file}: {error.strerror}; the key file was printed to stdout instead"
        ) from error
