"""`tocsin access api-keys` and `tocsin access oauth-tokens`: secrets that prove an account."""

from typing import Annotated

import typer

from tocsin.cli.access.accounts import AccountArgument
from tocsin.cli.access.keys import DescriptionOption
from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.output import Output, OutputOption, note, print_json, print_table, shown
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
    @app.command("create", help=f"Give an account an {name}, and print it: it is shown this once.")
    def create(
        account: AccountArgument,
        expires: Annotated[
            str | None,
            typer.Option(
                metavar="TIME", help="From when on it proves nothing, in ISO 8601. [default: never]"
            ),
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
            typer.echo(response.secret)


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
        found = [each for each in listed if each.kind == kind]
        if output is Output.JSON:
            print_json(found)
        else:
            print_table(HEAD, [_row(each) for each in found], f"Account {account} has no {name}s.")


def _add_delete(app: typer.Typer, name: str) -> None:
    @app.command("delete", help=f"Delete an {name}. Tokens that were given for it work no more.")
    def delete(
        credential: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
        server: ServerOption = USUAL_SERVER,
        ca: CaOption = None,
    ) -> None:
        with connected(server, ca) as api:
            request = contract.DeleteCredentialRequest(credential_id=credential)
            api.access.DeleteCredential(request)
        typer.echo(f"{credential} deleted")


def _row(credential: Credential) -> tuple[str, ...]:
    return (
        credential.id,
        credential.description,
        shown(credential.created_at),
        shown(credential.expires_at),
    )


api_keys = _commands(Credential.KIND_API_KEY, "API key", "API keys, which are sent with each call.")
oauth_tokens = _commands(
    Credential.KIND_OAUTH_TOKEN, "OAuth token", "OAuth tokens, for which IAM tokens are given."
)
