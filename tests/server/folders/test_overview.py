"""`tocsin.v1.OverviewService`: what will fire, what happened, what is in trouble."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from stand.apis.steering import MINUTE, NEVER, Steering, shown
from stand.apis.tocsin import TocsinRest
from stand.apis.triggers import create
from stand.apis.wire import Json
from stand.tocsin_process import serving

DAY_OF_MINUTES = 1440


def overview(it: Steering) -> Json:
    return it.api.call("OverviewService.Get", {"folderId": it.folder})


def due_minutes(forecast: Json) -> dict[datetime, int]:
    """Returns the minutes in which something fires, with how often."""
    start = datetime.fromisoformat(forecast["start"])
    assert len(forecast["minutes"]) == DAY_OF_MINUTES
    return {
        start + minute * MINUTE: int(count)
        for minute, count in enumerate(forecast["minutes"])
        if int(count)
    }


def eventually(look: Callable[[], Json], enough: Callable[[Json], bool]) -> Json:
    for _ in range(5000):
        if enough(found := look()):
            return found
    raise AssertionError(found)


def test_timers_are_counted_in_the_minutes_in_which_they_tick(it: Steering) -> None:
    start = it.next_hour()
    it.timer("0 * ? * * *")
    it.timer("0,30 * ? * * *")
    it.change("Pause", it.timer("* * * * ? *"))
    it.timer(NEVER)
    it.advance(30 * MINUTE + timedelta(seconds=10))
    forecast = overview(it)["forecast"]
    assert forecast["start"] == shown(start + 30 * MINUTE)
    # The minute that has begun is over for cron: the tick at its start has fired.
    hours = [start + timedelta(hours=hour) for hour in range(1, 25)]
    halves = [hour + 30 * MINUTE for hour in hours[:-1]]
    assert due_minutes(forecast) == dict.fromkeys(hours, 2) | dict.fromkeys(halves, 1)
    assert forecast["timers"] == "2"
    assert "atLeast" not in forecast


def test_a_day_of_the_month_that_begins_at_midnight_is_seen(it: Steering) -> None:
    start = it.next_hour()
    tomorrow = (start + timedelta(days=1)).replace(hour=0)
    it.timer(f"5 0 {tomorrow.day} {tomorrow.month} ? *")
    forecast = overview(it)["forecast"]
    assert due_minutes(forecast) == {tomorrow + 5 * MINUTE: 1}


def test_what_waits_for_its_retry_is_counted_in_its_minute(it: Steering) -> None:
    start = it.next_hour()
    it.answer(500)
    trigger = it.timer("5 * * * ? *", retries=3)
    it.advance_to(start + 5 * MINUTE)
    it.change("Pause", trigger)
    it.change("Resume", trigger)
    it.tick_no_more(trigger)
    again = datetime.fromisoformat(it.only(trigger)["dueAt"])
    forecast = overview(it)["forecast"]
    assert due_minutes(forecast) == {again.replace(second=0, microsecond=0): 1}


def test_what_ended_is_counted_by_minutes_and_failures_by_triggers(it: Steering) -> None:
    start = it.next_hour()
    good, bad = it.timer("1,2 * * * ? *"), it.timer("2 * * * ? *", name="bad", function="bad")
    it.answer(500, "bad")
    it.advance_to(start + 3 * MINUTE)
    seen = overview(it)
    minutes = {
        datetime.fromisoformat(each.pop("start")): each for each in seen["activity"]["minutes"]
    }
    assert len(minutes) == 60
    assert max(minutes) == start + 3 * MINUTE
    ended = {at: each for at, each in minutes.items() if each}
    quick = {"medianLag": "0s", "highLag": "0s"}
    assert ended == {
        start + MINUTE: {"succeeded": "1", **quick},
        start + 2 * MINUTE: {"succeeded": "1", "failed": "1", **quick},
    }
    [failing] = seen["failures"]["origins"]
    last = it.only(bad)
    assert failing == {
        "triggerId": bad,
        "name": "bad",
        "folderId": it.folder,
        "failures": "1",
        "lastInvocationId": last["id"],
        "lastScheduledAt": last["scheduledAt"],
        "lastError": last["lastError"],
    }
    assert good not in str(failing)
    it.answer(200, "bad")


def test_a_folder_without_anything_is_quiet(here: Steering) -> None:
    seen = overview(here)
    assert due_minutes(seen["forecast"]) == {}
    assert seen["failures"] == seen["overdue"] == seen["silentSources"] == {}
    assert {tuple(each) for each in seen["activity"]["minutes"]} == {("start",)}
    # Nodes serve all folders.
    assert "nodes" not in seen


def test_failures_are_seen_on_both_stores(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER, name="broken")
    here.api.call("FiringService.FireTrigger", {"triggerId": trigger})
    seen = eventually(lambda: overview(here), lambda found: bool(found["failures"]))
    [failing] = seen["failures"]["origins"]
    assert (failing["triggerId"], failing["name"], failing["failures"]) == (trigger, "broken", "1")
    assert sum(int(each.get("failed", 0)) for each in seen["activity"]["minutes"]) == 1
    here.answer(200)


def test_ticks_are_seen_on_both_stores(here: Steering) -> None:
    for _ in range(3):
        here.timer("* * * * ? *")
    forecast = overview(here)["forecast"]
    assert set(forecast["minutes"][2:]) == {"3"}
    assert forecast["timers"] == "3"


def test_the_node_is_shown_with_its_version(here: Steering) -> None:
    seen = eventually(
        lambda: here.api.call("OverviewService.Get", {}), lambda found: "nodes" in found
    )
    [node] = seen["nodes"]
    assert node["version"] == version("tocsin")
    assert node["host"]
    assert "lost" not in node
    assert node["name"].startswith("nod")


def test_a_node_that_was_killed_is_forgotten_by_the_next_on_its_file() -> None:
    with tempfile.TemporaryDirectory() as made:
        with serving(Path(made), "") as first:
            api = TocsinRest(first.http_address)
            before = eventually(
                lambda: api.call("OverviewService.Get", {}), lambda found: "nodes" in found
            )
            first.process.kill()
            first.process.wait()
        with serving(Path(made), "") as second:
            api = TocsinRest(second.http_address)
            after = eventually(
                lambda: api.call("OverviewService.Get", {}),
                lambda found: bool(found.get("nodes", []) not in ([], before["nodes"])),
            )
            assert [each["name"] for each in after["nodes"]] != [
                each["name"] for each in before["nodes"]
            ]
            assert len(after["nodes"]) == 1


SILENT = {
    "messageQueue": {
        "queueId": "yrn:yc:ymq:ru-central1:b1g1:no-such-queue",
        "serviceAccountId": "a",
        "batchSettings": {"size": "10", "cutoff": "10s"},
        "invokeFunction": {"functionId": "f"},
    }
}


@pytest.mark.parametrize("state", ["active", "paused"])
def test_a_source_that_is_not_connected_says_why_unless_it_is_paused(state: str) -> None:
    config = """
        [sources.message_queue]
        endpoint = "http://127.0.0.1:1/"
        region = "us-east-1"
        access_key_id = "id"
        secret_access_key = "key"
    """
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config) as server:
        api = TocsinRest(server.http_address)
        it = Steering(server, api, None, None, "b1gsilent")  # type: ignore[arg-type]
        trigger = create(it.triggers, it.folder, name="orders", rule=SILENT)["id"]
        seen = eventually(lambda: overview(it), lambda found: bool(found["silentSources"]))
        [source] = seen["silentSources"]["sources"]
        assert (source["triggerId"], source["name"]) == (trigger, "orders")
        assert source["kind"] == "message_queue"
        assert source["folderId"] == it.folder
        assert source["lastError"]
        if state == "paused":
            it.change("Pause", trigger)
            eventually(lambda: overview(it), lambda found: not found["silentSources"])
