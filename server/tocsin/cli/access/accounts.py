"""Defines `tocsin access accounts`, for people and programs that may call."""

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
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_details,
    print_json,
    print_table,
)
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract
from tocsin_protos.tocsin.v1.access_service_pb2 import Account

app = typer.Typer(no_args_is_help=True, help="Manage accounts of people and programs.")

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's ID.")]

SUBJECTS = {
    Account.KIND_SERVICE_ACCOUNT: "serviceAccount",
    Account.KIND_USER_ACCOUNT: "userAccount",
}
HEAD = ("ID", "KIND", "NAME", "FOLDER", "CREATED")


@app.command("create")
def create_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")],
    user: Annotated[
        bool, typer.Option("--user", help="Create an account for a person, not for a program.")
    ] = False,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Create an account, and show it. It may do nothing until you give it a role."""
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
    """List the accounts of a folder, or of all folders if none is given."""
    request = contract.ListAccountsRequest(folder_id=folder)
    with connected(server, ca) as api:
        accounts = list(pages(api.access.ListAccounts, request, "accounts", limit))
    if output is Output.JSON:
        print_json(accounts)
    else:
        print_table(HEAD, [_row(account) for account in accounts], "There are no accounts.")


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
    """Delete an account with its keys, tokens and roles. Its IAM tokens become invalid."""
    with connected(server, ca) as api:
        api.access.DeleteAccount(contract.DeleteAccountRequest(account_id=account))
    say(f"{account} deleted")


@app.command("revoke-tokens")
def revoke_tokens(
    account: AccountArgument, server: ServerOption = USUAL_SERVER, ca: CaOption = None
) -> None:
    """Revoke all IAM tokens that an account has been given until now."""
    with connected(server, ca) as api:
        api.access.RevokeTokens(contract.RevokeTokensRequest(account_id=account))
    say(f"tokens of {account} revoked")


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
            ("created", instant_text(account.created_at)),
            ("from the settings", "yes" if account.configured else ""),
        ]
    )


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.id,
        SUBJECTS.get(account.kind, ""),
        account.name,
        account.folder_id,
        instant_text(account.created_at),
    )
