"""Defines `tocsin check`."""

from collections.abc import Mapping

import typer

from tocsin.access.sealing import SealingError
from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, done, settings_of
from tocsin.cli.data.release import RELEASE
from tocsin.cli.data.view import Notes, say_overdue, summary
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import note, say
from tocsin.gate.settings import AccessSettings
from tocsin.settings.secret_files import exposed_files
from tocsin.store.copying.checking import check_store

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def check(database: DatabaseOption = None, config: ConfigOption = None) -> None:
    """Read the whole database and say what is wrong with it; change nothing.

    It works beside servers, and on backups. The exit status is 1 if something is wrong. Overdue
    work is listed, and is not wrong. It says with which key secret keys are encrypted, and if
    `[access]` has keys, whether these can open them.
    """
    settings = settings_of(database, config)
    checked = done(check_store(settings.database, now=CLOCK.now(), report=Notes()))
    say(f"database {checked.url}")
    other = "" if checked.schema == checked.newest else f"; this version's is {checked.newest}"
    if checked.schema > checked.newest:
        other += ", so what only a newer one knows is not checked"
    say(f"schema   {checked.schema}{other}")
    say(f"holds    {summary(checked.tables)}")
    if checked.keys is not None:
        say(f"keys     {_keys(checked.keys)}")
    if checked.work is not None:
        say_overdue(checked.work)
    if checked.hold is not None:
        say(RELEASE)
    for exposed in exposed_files(settings):
        note(exposed)
    problems = [*checked.problems, *_locked(settings.access, checked.keys or {})]
    if problems:
        raise refusal(*problems)
    say("Nothing is wrong.")


def _keys(keys: Mapping[str | None, int]) -> str:
    """Says how many secret keys there are, and what encrypts them."""
    return (
        ", ".join(
            f"{count} in plain text" if name is None else f"{count} encrypted with key {name}"
            for name, count in sorted(keys.items(), key=lambda one: one[0] or "")
        )
        or "none yet"
    )


def _locked(access: AccessSettings, keys: Mapping[str | None, int]) -> list[str]:
    """Returns why secret keys can't be opened; nothing if the settings have no key to try."""
    if access.key_file is None and access.key is None:
        return []
    try:
        access.keyring().check_knows(keys)
    except SealingError as error:
        return [str(error)]
    return []
