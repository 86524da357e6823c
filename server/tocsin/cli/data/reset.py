"""Defines `tocsin reset`."""

import asyncio
from typing import Annotated

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import DatabaseOption, database_of, done
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say
from tocsin.cli.triggers.several import confirm
from tocsin.store.copying.resetting import FolderContents, resetting

app = typer.Typer(rich_markup_mode="markdown")

KNOWN = {"triggers": "triggers", "operations": "operations", "events": "waiting events"}
ONE_FOLDER = (
    "--folder: give the ID of one folder. To be rid of everything, stop the servers and serve a "
    "new --database"
)


@app.command()
def reset(
    folder: Annotated[
        str, typer.Option("--folder", metavar="ID", help="The folder, whose data is lost.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete all of a folder, for development: triggers, deliveries, events, operations.

    Stop all servers first. The command counts what there is, and asks. Service accounts and roles
    stay, and so does what belongs to projects: integrations, schedules, executions.
    """
    if not folder.strip() or "*" in folder or "/" in folder or "," in folder:
        raise refusal(ONE_FOLDER, status=USAGE)
    done(_reset(database_of(database, config), folder, yes=yes))


async def _reset(url: str, folder: str, *, yes: bool) -> None:
    async with resetting(url, folder) as store:
        contents = await store.count()
        if not contents.total:
            others = await store.other_folders()
            there = f" Folders that have something: {', '.join(others)}." if others else ""
            say(f"Folder {folder} has nothing to delete.{there}")
            return
        say(f"database {store.url}")
        say(f"folder   {folder}")
        say(f"holds    {_summary(contents)}")
        question = f"Delete all {contents.total:,} rows of folder {folder} for ever?"
        await asyncio.to_thread(confirm, question, yes=yes)
        deleted = await store.delete()
        say(f"Deleted {deleted.total:,} rows.")


def _summary(contents: FolderContents) -> str:
    parts = [f"{words}: {contents.rows[name]:,}" for name, words in KNOWN.items()]
    deliveries = f"deliveries: {contents.rows['invocations']:,}"
    if contents.undelivered:
        deliveries += f" ({contents.undelivered:,} not finished)"
    return ", ".join((*parts, deliveries))
