"""Defines `tocsin access`, for accounts, their keys and tokens, and their roles."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.access import accounts as access_accounts
from tocsin.cli.access import bindings as access_bindings
from tocsin.cli.access import credentials as access_credentials
from tocsin.cli.access import keys as access_keys
from tocsin.cli.access import tokens as access_tokens
from tocsin.cli.access.private_files import private_file
from tocsin.cli.config import ConfigOption
from tocsin.cli.terminal.lines import note, say

app = typer.Typer(rich_markup_mode="markdown")
app.add_typer(access_accounts.app, name="accounts")
app.add_typer(access_keys.app, name="keys")
app.add_typer(access_credentials.api_keys, name="api-keys")
app.add_typer(access_credentials.oauth_tokens, name="oauth-tokens")
app.add_typer(access_bindings.app, name="bindings")
app.add_typer(access_tokens.app, name="tokens")


@app.command("init")
def init(
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The database of `tocsin serve`. [default: sqlite:///tocsin-data/tocsin.db]",
        ),
    ] = None,
    config: ConfigOption = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="The account's name.")] = "admin",
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Write the API key to this new file, which only you can read. [default: stdout]",
        ),
    ] = None,
) -> None:
    """Create the first administrator, and print its API key, which is shown only once.

    With `--to FILE` the key goes into a file of mode 0600; the shell's `>` makes one that others
    can read. The command writes to the database itself. Stop a server that uses an SQLite database
    first.
    """
    # Slow to import, and the commands that are clients don't need it.
    from tocsin.cli.access.init import first_administrator

    if to is None:
        account_id, secret = first_administrator(config, database, name)
        say(secret)
    else:
        with private_file(to) as file:
            account_id, secret = first_administrator(config, database, name)
            file.write(secret + "\n")
    note(f"user account {name} ({account_id}) has the role admin on everything")
