"""Defines `tocsin access api-keys` and `tocsin access oauth-tokens`, for secrets of accounts."""

from typing import Annotated

import typer

from tocsin.cli.access.accounts import AccountArgument
from tocsin.cli.access.keys import DescriptionOption
from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_json,
    print_table,
)
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract
from tocsin_protos.tocsin.v1.access_service_pb2 import Credential

HEAD = ("ID", "DESCRIPTION", "CREATED", "EXPIRES")


def _commands(kind: "Credential.Kind", name: str, summary: str) -> typer.Typer:
    """Returns the commands for secrets of one kind."""
    app = typer.Typer(no_args_is_help=True, help=summary)
    _add_create(app, kind, name)
    _add_list(app, kind, name)
    _add_delete(app, name)
    return app


def _add_create(app: typer.Typer, kind: "Credential.Kind", name: str) -> None:
    @app.command("create", help=f"Give an account an {name}, and print it. It is shown only once.")
    def create(
        account: AccountArgument,
        expires: Annotated[
            str | None,
            typer.Option(metavar="TIME", help="When it expires, in ISO 8601. [default: never]"),
        ] = None,
        description: DescriptionOption = "",
        output: OutputOption = Output.TABLE,
        server: ServerOption = USUAL_SERVER,
        ca: CaOption = None,
    ) -> None:
        request = contract.CreateCredentialRequest(
            account_id=account, kind=kind, description=description
        )
        if expires is not None:
            request.expires_at.FromDatetime(read_instant(expires))
        with connected(server, ca) as api:
            response = api.access.CreateCredential(request)
        if output is Output.JSON:
            print_json(response)
        else:
            note(f"{name} {response.credential.id} of {account}")
            say(response.secret)


def _add_list(app: typer.Typer, kind: "Credential.Kind", name: str) -> None:
    @app.command("list", help=f"List the {name}s of an account, without their secrets.")
    def list_(
        account: AccountArgument,
        output: OutputOption = Output.TABLE,
        server: ServerOption = USUAL_SERVER,
        ca: CaOption = None,
    ) -> None:
        with connected(server, ca) as api:
            request = contract.ListCredentialsRequest(account_id=account)
            listed = api.access.ListCredentials(request).credentials
        credentials = [credential for credential in listed if credential.kind == kind]
        if output is Output.JSON:
            print_json(credentials)
        else:
            rows = [_row(credential) for credential in credentials]
            print_table(HEAD, rows, f"Account {account} has no {name}s.")


def _add_delete(app: typer.Typer, name: str) -> None:
    @app.command(
        "delete", help=f"Delete an {name}. IAM tokens that it was exchanged for become invalid."
    )
    def delete(
        credential: Annotated[str, typer.Argument(metavar="ID", help="The secret's ID.")],
        server: ServerOption = USUAL_SERVER,
        ca: CaOption = None,
    ) -> None:
        with connected(server, ca) as api:
            request = contract.DeleteCredentialRequest(credential_id=credential)
            api.access.DeleteCredential(request)
        say(f"{credential} deleted")


def _row(credential: Credential) -> tuple[str, ...]:
    return (
        credential.id,
        credential.description,
        instant_text(credential.created_at),
        instant_text(credential.expires_at),
    )


api_keys = _commands(
    Credential.KIND_API_KEY, "API key", "Manage API keys, which a client sends with each call."
)
oauth_tokens = _commands(
    Credential.KIND_OAUTH_TOKEN,
    "OAuth token",
    "Manage OAuth tokens, which a client exchanges for IAM tokens.",
)
