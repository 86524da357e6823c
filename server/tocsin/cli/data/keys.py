"""Defines `tocsin keys`, for the keys that encrypt the secret keys in a database."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from tocsin.access.sealing import Keyring, SealingError, keys_in, name_of, new_key
from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import DatabaseOption, database_of, done
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import print_table
from tocsin.cli.triggers.several import confirm
from tocsin.engine.sealed_keys import Resealed, reseal
from tocsin.settings import SettingsError, load_settings
from tocsin.store.access.secret_keys import SecretKey, delete_secret_keys, secret_keys
from tocsin.store.copying.backups import sync
from tocsin.store.copying.ends.opening import open_alone, open_beside, open_to_read, schema_of
from tocsin.store.copying.ends.protocol import End
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import shared_keys

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Encrypt the secret keys in the database: those that sign tokens, and shared ones. "
    "(`tocsin access keys` are those of service accounts.)",
)

PLAIN = "plain text"
NOT_SET = (
    "no key is set: make one with `tocsin keys new FILE`, and name the file in `[access] key_file` "
    "or TOCSIN_ACCESS__KEY_FILE"
)


@app.command("new")
def new(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="Put the key first in this file, which only you can read. [default: stdout]",
        ),
    ] = None,
) -> None:
    """Make a key that encrypts. Keys that a file has already stay below, and only decrypt."""
    key = new_key()
    if file is None:
        say(key)
        return
    try:
        _put_first(file, key)
    except SealingError as error:
        raise refusal(str(error), status=USAGE) from error
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(f"{file}: {getattr(error, 'strerror', error)}", status=USAGE) from error
    [raw] = keys_in(key, str(file))
    note(f"key {name_of(raw)} is the first in {file}: keep a copy, apart from backups")


@app.command("list")
def list_(database: DatabaseOption = None, config: ConfigOption = None) -> None:
    """List the secret keys in the database, and the names of the keys that encrypt them."""
    url, ring = _settings(database, config)
    rows = [(key.place, _sealed_by(key, ring)) for key in done(_listed(url))]
    print_table(("KEY", "ENCRYPTED WITH"), rows, "The database has no secret keys yet.")


@app.command("rotate")
def rotate(database: DatabaseOption = None, config: ConfigOption = None) -> None:
    """Encrypt all secret keys in the database anew, with the first key of the file.

    The keys with which they are encrypted now must be in the file, too. Servers may go on.
    """
    url, ring = _settings(database, config)
    if ring.first is None:
        raise refusal(NOT_SET)
    result = _resealed(url, lambda tx: reseal(tx, ring))
    say(f"{result.keys} keys, {result.changed} of them encrypted anew, all with key {ring.first}")
    for name in ring.names[1:]:
        note(f"key {name} is not needed any more, but for backups that were made before")


@app.command("decrypt")
def decrypt(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """Put all secret keys in plain text again, for servers without a key or of an older version.

    Stop all servers first: with a key they encrypt what they find in plain text.
    """
    url, ring = _settings(database, config)
    confirm("Put all secret keys in the database in plain text?", yes=yes)
    result = _resealed(url, lambda tx: reseal(tx, ring, plain=True), alone=True)
    say(f"{result.keys} keys, {result.changed} of them decrypted")


@app.command("renew")
def renew(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete all secret keys, as somebody knows them, or their key is lost; servers make new ones.

    Stop all servers first. IAM tokens, page tokens and sessions of people end; API keys stay.
    """
    url = database_of(database, config)
    confirm("Delete all secret keys in the database, and end all IAM tokens?", yes=yes)
    say(f"{done(_on(url, delete_secret_keys, alone=True))} keys deleted")


def _settings(database: str | None, config: Path | None) -> tuple[str, Keyring]:
    """Returns the database and the keys that `serve` would use; ends the program if it can't."""
    try:
        settings = load_settings(config, {} if database is None else {"database": database})
        return settings.database, settings.access.keyring()
    except (SettingsError, SealingError) as error:
        raise refusal(str(error)) from error


def _resealed(
    url: str, work: Callable[[Transaction], Resealed], *, alone: bool = False
) -> Resealed:
    try:
        return done(_on(url, work, alone=alone))
    except SealingError as error:
        raise refusal(str(error)) from error


async def _on(url: str, work: Callable[[Transaction], T], *, alone: bool = False) -> T:
    """Runs work in one transaction, beside servers or with the database alone."""
    end = await open_beside(url)
    try:
        await _refuse_older(end)
        if alone:
            await end.close()
            end = await open_alone(url)
        return await end.write(work)
    finally:
        await end.close()


async def _listed(url: str) -> list[SecretKey]:
    end = await open_to_read(url)
    try:
        await _refuse_older(end)
        return await end.read(secret_keys)
    finally:
        await end.close()


async def _refuse_older(end: End) -> None:
    await schema_of(end)
    if "sealed_by" not in (await end.columns()).get(shared_keys.name, ()):
        raise StoreError(
            f"{end.url} has an older schema: run `tocsin migrate`, or start a server of this "
            "version on it"
        )


def _sealed_by(key: SecretKey, ring: Keyring) -> str:
    if key.sealed_by is None:
        return PLAIN
    return key.sealed_by if key.sealed_by in ring.names else f"{key.sealed_by} (not in the file)"


def _put_first(file: Path, key: str) -> None:
    """Writes a file anew, whole or not at all."""
    before = ""
    if file.exists():
        before = file.read_text(encoding="ascii")
        keys_in(before, str(file))
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(f"{key}\n{before}")
        if before:
            known = file.stat()
            os.chown(partial, known.st_uid, known.st_gid)
            partial.chmod(known.st_mode & 0o777)
        sync(partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
