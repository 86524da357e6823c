"""Where things are is known after they were deleted, and of rows of the version before."""

import asyncio
from datetime import UTC, datetime

from store.work import opened
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.listing import page_of_visible
from tocsin.store.invocations.rows import Invocation, insert_invocation
from tocsin.store.invocations.selecting import Filter
from tocsin.store.triggers.folders import (
    ParentAndOrigin,
    folder_of_operation,
    folder_of_trigger,
    parent_and_origin_of,
)
from tocsin.store.triggers.operations import insert_operation
from tocsin.store.triggers.rows import count_triggers, delete_trigger, insert_trigger

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def trigger(tx: Transaction, trigger_id: str, folder_id: str) -> None:
    insert_trigger(
        tx, trigger_id=trigger_id, folder_id=folder_id, name="", contract="c", message=b""
    )


def operation(tx: Transaction, operation_id: str, trigger_id: str, folder_id: str | None) -> None:
    # A node of the version before gives none.
    insert_operation(
        tx,
        operation_id=operation_id,
        trigger_id=trigger_id,
        folder_id=folder_id,  # type: ignore[arg-type]
        message=b"",
    )


def invocation(
    tx: Transaction, invocation_id: str, parent: str, origin: str = "t", at: datetime = AT
) -> None:
    made = Invocation(
        id=invocation_id,
        parent=parent,
        origin=origin,
        scheduled_at=at,
        action="{}",
        payload=b"",
        created_at=at,
    )
    insert_invocation(tx, made, due_at=at)


def test_a_deleted_triggers_folder_is_that_of_its_operations(
    url: str, runner: asyncio.Runner
) -> None:
    def work(tx: Transaction) -> None:
        trigger(tx, "t1", "f1")
        operation(tx, "o1", "t1", None)
        assert folder_of_trigger(tx, "t1") == "f1"
        # The trigger is there to ask.
        assert folder_of_operation(tx, "o1") == "f1"
        operation(tx, "o2", "t1", "f1")
        delete_trigger(tx, "t1")
        assert folder_of_trigger(tx, "t1") == "f1"
        assert folder_of_operation(tx, "o1") == "f1"
        assert folder_of_operation(tx, "o2") == "f1"
        assert folder_of_operation(tx, "o3") is None
        assert folder_of_trigger(tx, "t2") is None

    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(work)

    runner.run(scenario())


def test_a_trigger_that_an_older_node_deleted_is_known_by_what_it_fired(
    url: str, runner: asyncio.Runner
) -> None:
    def work(tx: Transaction) -> None:
        operation(tx, "o1", "t1", None)
        assert folder_of_operation(tx, "o1") is None
        invocation(tx, "i1", "folders/f1", origin="t1")
        assert folder_of_operation(tx, "o1") == "f1"
        name = "projects/p/locations/l/integrations/i"
        invocation(tx, "i2", "projects/p/locations/l", origin=name)
        assert folder_of_trigger(tx, name) is None
        assert parent_and_origin_of(tx, "i2") == ParentAndOrigin("projects/p/locations/l", name)
        assert parent_and_origin_of(tx, "i3") is None

    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(work)

    runner.run(scenario())


def test_triggers_are_counted_no_further_than_asked(url: str, runner: asyncio.Runner) -> None:
    def work(tx: Transaction) -> None:
        for number in range(5):
            trigger(tx, f"t{number}", "f1")
        trigger(tx, "other", "f2")
        assert count_triggers(tx, "f1", limit=3) == 3
        assert count_triggers(tx, "f1", limit=9) == 5
        assert count_triggers(tx, "f3", limit=9) == 0

    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(work)

    runner.run(scenario())


def test_a_page_of_what_is_visible_names_nothing_else(url: str, runner: asyncio.Runner) -> None:
    """Of thousands of one instant that are not, and a few that are."""
    hidden = [f"hidden-{number:05d}-secret" for number in range(4500)]
    mine = ["a-first", "hidden-02000-visible", "z-last"]

    def fill(tx: Transaction) -> None:
        for name in hidden:
            invocation(tx, name, "folders/theirs")
        for name in mine:
            invocation(tx, name, "folders/mine")

    def visible(row: Invocation) -> bool:
        return row.parent == "folders/mine"

    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(fill)
            found, place, pages = [], None, 0
            while True:
                page = await database.read(
                    lambda tx, place=place: page_of_visible(
                        tx, Filter(), visible, after=place, limit=2
                    )
                )
                found += [row.id for row in page.rows]
                pages += 1
                if (place := page.rest) is None:
                    break
                assert place.id not in hidden
            assert found == sorted(mine, reverse=True)
            assert pages == 3

    runner.run(scenario())
