"""What was missed is shown of what the caller may see, and of nothing else."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stand.engine_node import FOLDER, NOON, at, in_loop, node
from tocsin.access.permissions.roles import Permission
from tocsin.api.tocsin.firing.missing import Missing, missed_between
from tocsin.api.tocsin.overview.view import View

if TYPE_CHECKING:
    from tocsin.wire.calls import Call

ONE_OCLOCK = at("2026-03-01 13:00:30")


class Viewer:
    """A caller with a role on some resources."""

    caller = None

    def __init__(self, *resources: str) -> None:
        self._resources = resources

    def may(self, _permission: Permission, resource: str) -> bool:
        return resource in self._resources or "*" in self._resources


def asked(folder_id: str, *resources: str) -> Missing:
    view = View(folder_id, cast("Call", Viewer(*resources)))
    return Missing(view, NOON - timedelta(hours=1), ONE_OCLOCK, ONE_OCLOCK, 100)


@in_loop
async def test_a_caller_sees_his_own_folders_and_all_who_may_everything(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        mine = await it.create("*/10 * * * ? *")
        other = await it.create("*/10 * * * ? *", folder="other")
        deleted = await it.create("*/10 * * * ? *")
        await it.clock.advance_to(ONE_OCLOCK)
        await it.fire_due()
        await it.change("Delete", deleted)

        async def seen(folder_id: str, *resources: str) -> set[str]:
            found = await it.database.read(
                lambda tx: missed_between(tx, asked(folder_id, *resources))
            )
            return {each.trigger_id for each in found.missed}

        assert await seen("", f"folders/{FOLDER}") == {mine}
        assert await seen("other", "*") == {other}
        # Nobody knows any more in which folder a deleted trigger was.
        assert await seen("", "*") == {mine, other, deleted}
        assert await seen("", "folders/none") == set()


@in_loop
async def test_ticks_that_no_node_has_decided_about_are_overdue(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        timer = await it.create("*/10 * * * ? *")
        found = await it.database.read(lambda tx: missed_between(tx, asked("", "*")))
        [one] = found.missed
        assert (one.trigger_id, one.count) == (timer, 6)
        assert one.explanation.startswith("It has been due since 2026-03-01T12:10:00Z")
        assert not one.HasField("decided_at")
