"""`tocsin access accounts`: people and programs that may call."""

from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    FolderOption,
    LimitOption,
    ServerOption,
    connected,
    folder_named,
    pages,
)
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    print_details,
    print_json,
    print_table,
    shown,
)
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract
from tocsin_protos.tocsin.v1.access_service_pb2 import Account

app = typer.Typer(no_args_is_help=True, help="People and programs that may call.")

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]

SUBJECTS = {
    Account.KIND_SERVICE_ACCOUNT: "serviceAccount",
    Account.KIND_USER_ACCOUNT: "userAccount",
}
HEAD = ("ID", "KIND", "NAME", "FOLDER", "CREATED")


@app.command("create")
def create_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    user: Annotated[
        bool, typer.Option("--user", help="For a person. Without it, for a program.")
    ] = False,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Create an account, and show it. By itself it may do nothing: give it a role."""
    request = contract.CreateAccountRequest(
        kind=Account.KIND_USER_ACCOUNT if user else Account.KIND_SERVICE_ACCOUNT,
        folder_id=folder_named(folder),
        name=name,
    )
    with connected(server, ca) as api:
        _show(api.access.CreateAccount(request).account, output)


@app.command("list")
def list_accounts(
    folder: FolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the accounts of a folder; of all folders where none is named."""
    request = contract.ListAccountsRequest(folder_id=folder)
    with connected(server, ca) as api:
        found = list(pages(api.access.ListAccounts, request, "accounts", limit))
    if output is Output.JSON:
        print_json(found)
    else:
        print_table(HEAD, [_row(each) for each in found], "There are no accounts.")


@app.command("get")
def get_account(
    account: AccountArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show an account."""
    with connected(server, ca) as api:
        request = contract.GetAccountRequest(account_id=account)
        _show(api.access.GetAccount(request).account, output)


@app.command("delete")
def delete_account(
    account: AccountArgument, server: ServerOption = USUAL_SERVER, ca: CaOption = None
) -> None:
    """Delete an account with its keys and its roles. Tokens that it was given work no more."""
    with connected(server, ca) as api:
        api.access.DeleteAccount(contract.DeleteAccountRequest(account_id=account))
    typer.echo(f"{account} deleted")


@app.command("revoke-tokens")
def revoke_tokens(
    account: AccountArgument, server: ServerOption = USUAL_SERVER, ca: CaOption = None
) -> None:
    """Make all IAM tokens invalid that an account was given until now."""
    with connected(server, ca) as api:
        api.access.RevokeTokens(contract.RevokeTokensRequest(account_id=account))
    typer.echo(f"tokens of {account} revoked")


def _show(account: Account, output: Output) -> None:
    if output is Output.JSON:
        print_json(account)
        return
    print_details(
        [
            ("id", account.id),
            ("subject", f"{SUBJECTS.get(account.kind, '')}:{account.id}"),
            ("name", account.name),
            ("folder", account.folder_id),
            ("created", shown(account.created_at)),
            ("from the settings", "yes" if account.configured else ""),
        ]
    )


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.id,
        SUBJECTS.get(account.kind, ""),
        account.name,
        account.folder_id,
        shown(account.created_at),
    )
