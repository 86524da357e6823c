"""A stream shows what changes, over both wires."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

import pytest

from stand.apis.tocsin import TocsinRest
from stand.apis.triggers import RestApi, changed, create
from stand.apis.watching import Watched, watching_grpc, watching_rest
from stand.apis.wire import Json
from stand.tocsin_process import Tocsin

INVOCATIONS, TRIGGERS = "TOPIC_INVOCATIONS", "TOPIC_TRIGGERS"
Watching: TypeAlias = Callable[[Json], AbstractContextManager[Watched]]


@pytest.fixture(params=["grpc", "rest"])
def watching(request: pytest.FixtureRequest, server: Tocsin) -> Watching:
    if request.param == "grpc":
        return lambda asked: watching_grpc(server.grpc_address, asked)
    return lambda asked: watching_rest(server.http_address, asked)


@pytest.fixture
def api(server: Tocsin) -> TocsinRest:
    return TocsinRest(server.http_address)


@pytest.fixture
def triggers(server: Tocsin) -> RestApi:
    return RestApi(server.http_address)


def fire(api: TocsinRest, trigger_id: str) -> str:
    fired = api.call("FiringService.FireTrigger", {"triggerId": trigger_id})
    return str(fired["invocations"][0]["id"])


def test_an_invocation_is_shown_with_how_it_ended(
    watching: Watching, api: TocsinRest, triggers: RestApi, folder: str
) -> None:
    trigger_id = create(triggers, folder)["id"]
    with watching({"topics": [INVOCATIONS], "triggerId": trigger_id}) as watched:
        assert watched.resets() == ["REASON_BEGUN"]
        invocation_id = fire(api, trigger_id)
        row = watched.row("invocations", id=invocation_id, state="STATE_SUCCEEDED")
        assert (row["triggerId"], row["parent"]) == (trigger_id, f"folders/{folder}")


def test_an_invocation_is_shown_with_the_present_name_of_its_trigger(
    watching: Watching, api: TocsinRest, triggers: RestApi, folder: str
) -> None:
    trigger_id = create(triggers, folder, name="before")["id"]
    with watching({"topics": [INVOCATIONS], "triggerId": trigger_id}) as watched:
        first = fire(api, trigger_id)
        watched.row("invocations", id=first, state="STATE_SUCCEEDED", originName="before")
        mask = {"updateMask": "name", "name": "after"}
        changed(triggers, "Update", {"triggerId": trigger_id, **mask})
        second = fire(api, trigger_id)
        watched.row("invocations", id=second, state="STATE_SUCCEEDED", originName="after")


def test_a_trigger_is_shown_from_its_beginning_to_its_end(
    watching: Watching, triggers: RestApi, folder: str
) -> None:
    with watching({"topics": [TRIGGERS], "folderId": folder}) as watched:
        trigger_id = create(triggers, folder, name="seen")["id"]
        row = watched.row("triggers", triggerId=trigger_id, name="seen", kind="timer")
        assert row["nextFireAt"]
        changed(triggers, "Pause", {"triggerId": trigger_id})
        watched.row("triggers", triggerId=trigger_id, paused=True)
        triggers.call("Delete", {"triggerId": trigger_id})
        watched.row("triggers", triggerId=trigger_id, deleted=True, folderId=folder)


def test_a_stream_shows_its_scope_alone(
    watching: Watching, api: TocsinRest, triggers: RestApi, folder: str
) -> None:
    other = create(triggers, f"{folder[:-1]}z")["id"]
    with watching({"folderId": folder}) as watched:
        fire(api, other)
        mine = create(triggers, folder)["id"]
        invocation_id = fire(api, mine)
        watched.row("invocations", id=invocation_id)
        assert {row["triggerId"] for row in watched.rows("invocations")} == {mine}
        assert {row["triggerId"] for row in watched.rows("triggers")} == {mine}


def test_a_stream_goes_on_after_the_cursor_of_another(
    watching: Watching, api: TocsinRest, triggers: RestApi, folder: str
) -> None:
    trigger_id = create(triggers, folder)["id"]
    asked: Json = {"topics": [INVOCATIONS], "triggerId": trigger_id}
    with watching(asked) as watched:
        first = fire(api, trigger_id)
        watched.row("invocations", id=first, state="STATE_SUCCEEDED")
        cursor = watched.cursor
    second = fire(api, trigger_id)
    with watching({**asked, "cursor": cursor}) as watched:
        watched.row("invocations", id=second, state="STATE_SUCCEEDED")
        assert watched.resets() == []
        assert {row["id"] for row in watched.rows("invocations")} == {second}
