"""Tables show a caller only what single calls would, and change only what these may."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.access.guarded import Guarded, guarded
from stand.access.methods import (
    CONFIG,
    FIRING,
    FOLDERS,
    OVERVIEW,
    SCHEDULES,
    TRIGGERS,
    World,
    new_world,
    recurring,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory() as made, guarded(Path(made), CONFIG) as running:
        yield running


@pytest.fixture
def world(server: Guarded) -> World:
    return new_world(server)


def test_who_may_see_one_folder_finds_no_other(world: World) -> None:
    other = new_world(world.server)
    world.trigger()
    other.trigger()
    caller = world.server.caller(viewer=f"folders/{world.folder}")
    found = caller.call(f"{FOLDERS}.ListFolders", {})["folders"]
    assert [each["id"] for each in found] == [world.folder]
    assert caller.code(f"{FOLDERS}.ListTriggers", {"folderId": other.folder}) == "PERMISSION_DENIED"


def test_who_may_not_see_invocations_is_shown_none(world: World) -> None:
    fired = {"triggerId": world.trigger()}
    world.server.admin.call(f"{FIRING}.FireTrigger", fired)
    here, table = f"folders/{world.folder}", f"{FOLDERS}.ListTriggers"
    auditor, viewer = world.server.caller(auditor=here), world.server.caller(viewer=here)
    asked = {"folderId": world.folder}
    assert "last" in viewer.call(table, asked)["triggers"][0]
    assert "last" not in auditor.call(table, asked)["triggers"][0]
    # Nor does a filter tell.
    narrowed = {**asked, "filter": {"lastStates": ["STATE_PENDING"]}}
    assert viewer.code(table, narrowed) == "OK"
    refusal = auditor.refusal(table, narrowed)
    assert refusal.code == "PERMISSION_DENIED"
    assert "invocations.list" in refusal.message


def test_triggers_of_another_folder_are_not_there(world: World) -> None:
    other = new_world(world.server)
    theirs = other.trigger()
    caller = world.server.caller(editor=f"folders/{world.folder}")
    asked = {"folderId": world.folder, "selection": {"triggerIds": [theirs]}}
    changes = caller.call(f"{FOLDERS}.DeleteTriggers", asked)["changes"]
    assert changes["failures"][0]["error"]["code"] == 5
    assert "changed" not in changes
    unknown = {"folderId": world.folder, "selection": {"triggerIds": ["a1s00000000000000000"]}}
    same = caller.call(f"{FOLDERS}.DeleteTriggers", unknown)["changes"]
    words = [each["failures"][0]["error"]["message"] for each in (changes, same)]
    assert words[0].replace(theirs, "") == words[1].replace("a1s00000000000000000", "")
    assert world.server.admin.code(f"{TRIGGERS}.Get", {"triggerId": theirs}) == "OK"


def test_the_operations_are_the_callers(world: World) -> None:
    caller = world.server.caller(editor=f"folders/{world.folder}")
    asked = {"folderId": world.folder, "selection": {"triggerIds": [world.trigger()]}}
    [operation] = caller.call(f"{FOLDERS}.PauseTriggers", asked)["changes"]["operationIds"]
    told = caller.call("yandex.cloud.operation.OperationService.Get", {"operationId": operation})
    assert told["createdBy"] == caller.subject.partition(":")[2]


EVERY_MINUTE = {"timer": {"cronExpression": "* * * * ? *", "invokeFunction": {"functionId": "f"}}}


def test_an_overview_counts_only_what_its_caller_may_see(world: World) -> None:
    other = new_world(world.server)
    world.trigger(rule=EVERY_MINUTE)
    other.trigger(rule=EVERY_MINUTE)
    other.invocation()
    caller = world.server.caller(viewer=f"folders/{world.folder}")
    seen = caller.call(f"{OVERVIEW}.Get", {})
    assert seen["forecast"]["timers"] == "1"
    assert set(seen["forecast"]["minutes"]) == {"0", "1"}
    assert "nodes" not in seen
    there = {"folderId": other.folder}
    assert caller.code(f"{OVERVIEW}.Get", there) == "PERMISSION_DENIED"
    everything = world.server.admin.call(f"{OVERVIEW}.Get", {})
    assert int(everything["forecast"]["timers"]) >= 2
    assert len(everything["nodes"]) == 1


def test_schedules_are_counted_for_those_who_may_see_their_executions(world: World) -> None:
    each_minute = {**recurring(world), "cronExpression": "* * * * ? *"}
    sent = {"parent": world.location, "scheduleId": "often", "schedule": each_minute}
    world.server.admin.call(f"{SCHEDULES}.CreateSchedule", sent)
    project = world.server.caller(viewer=world.project)
    folder = world.server.caller(viewer=f"folders/{world.folder}")
    seen, unseen = (each.call(f"{OVERVIEW}.Get", {})["forecast"] for each in (project, folder))
    assert seen["schedules"] == "1"
    assert "schedules" not in unseen
