"""Defines `tocsin migrate`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, database_of, done
from tocsin.cli.terminal.lines import say
from tocsin.store.migrations.planning import migrate as migrate_store
from tocsin.store.migrations.planning import plan_migration
from tocsin.store.migrations.steps import Step, newest_schema
from tocsin.store.migrations.upgrading import Told

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list the migrations that would run.")
    ] = False,
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """Bring the schema of a database up to this version, apart from serving.

    A start of `tocsin serve` does the same. All migrations run in one transaction: when the command
    is interrupted, the database is as it was. On PostgreSQL, servers of the version before go on
    meanwhile. A SQLite database must not be in use.
    """
    url = database_of(database, config)
    plan = done(plan_migration(url))
    say(f"database {plan.url}")
    say(f"schema   {plan.schema or 'none yet'}; this version's is {newest_schema()}")
    if plan.newer:
        say("Nothing to do: a newer version has migrated it. Upgrade this one soon.")
    elif not plan.steps:
        say("Nothing to do.")
    elif dry_run:
        for step in plan.steps:
            say(f"  {step.number}  {step.title}")
        say(f"{_counted(plan.steps)} would run. Nothing was changed.")
    else:
        began = CLOCK.monotonic()
        oldest = done(migrate_store(url, Printed()))
        seconds = CLOCK.monotonic() - began
        say(
            f"{_counted(plan.steps)} in {seconds:.2f} s. Servers of schema {oldest} or later may "
            "use the database."
        )


class Printed(Told):
    """Prints each migration with its time."""

    def begins(self, schema: str | None, steps: Sequence[Step]) -> None:
        del schema
        self._width = max(len(step.title) for step in steps)
        self._began = CLOCK.monotonic()

    def ended(self, step: Step) -> None:
        began, self._began = self._began, CLOCK.monotonic()
        say(f"  {step.number}  {step.title:<{self._width}}  {self._began - began:6.2f} s")


def _counted(steps: Sequence[Step]) -> str:
    return "1 migration" if len(steps) == 1 else f"{len(steps)} migrations"
