"""`tocsin schedule`, `tocsin executions` and `tocsin operations`, as a person uses them."""

import json
import re
import subprocess

import pytest

from cli.person import Person
from stand.recording_target import Answer, Received, RecordingTarget
from stand.tocsin_process import TOCSIN, clean_environment
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import Execution

FAR = ("--at", "2099-01-01T00:00Z")


@pytest.fixture(autouse=True)
def _echo(target: RecordingTarget) -> None:
    def answer(received: Received) -> Answer:
        return Answer(200, json.dumps(received.json["parameters"]).encode())

    target.answers["/orders"] = answer


@pytest.fixture
def place(person: Person, folder: str) -> Person:
    """A person with a location that no other test knows."""
    return person.with_variables(TOCSIN_LOCATION=f"projects/{folder}/locations/here")


def scheduled(place: Person, *options: str) -> str:
    """Schedules an execution far ahead; returns its id."""
    [line] = place.gets("schedule", "orders", *FAR, *options).splitlines()
    name, state = line.split()
    assert state == "PENDING"
    return name.rpartition("/")[2]


def test_schedule_waits_and_shows_what_came_back(place: Person) -> None:
    shown = place.gets("schedule", "orders", "--input", "n=3", "--input", "text=a b", "--wait")
    assert re.search(r"^state +SUCCEEDED$", shown, re.M)
    output = shown.partition("output")[2]
    assert re.search(r"n:\s+intValue: '3'", output)
    assert re.search(r"text:\s+stringValue: a b", output)


def test_a_failure_ends_with_status_1(place: Person, target: RecordingTarget) -> None:
    target.answers["/orders"] = lambda _: Answer(503, b"closed")
    done = place.types("schedule", "orders", "--wait")
    assert done.status == 1
    assert "FAILED" in done.stdout
    assert "503" in done.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--input", "n"), "'n' is not NAME=VALUE"),
        (("--input", "n=1", "--input", "n=2"), "'n' is given twice"),
        (("--at", "+10x"), "is not a time from now, such as +30s"),
        (("--at", "+999999999d"), "after the year 9999"),
        (("--at", "tomorrow"), "is not an ISO 8601 time"),
        (("--location", "here"), "projects/NAME/locations/NAME"),
    ],
)
def test_what_can_not_be_read_is_told_in_a_line(
    place: Person, options: tuple[str, ...], told: str
) -> None:
    status, lines = place.is_refused("schedule", "orders", *options)
    assert status == 2
    [line] = lines
    assert told in line


def test_a_time_from_now_is_in_the_list(place: Person) -> None:
    place.gets("schedule", "orders", "--at", "+10m")
    [execution] = place.reads_list(Execution, "executions", "list")
    due = execution.execution_details.attempt_stats[0].start_time
    ahead = due.ToDatetime() - execution.create_time.ToDatetime()
    assert ahead.total_seconds() == pytest.approx(600, abs=60)


def test_list_is_narrowed(place: Person) -> None:
    late = scheduled(place, "--trigger", "api_trigger/late")
    usual = scheduled(place)
    place.gets("executions", "cancel", late, "--reason", "not today")

    def listed(*options: str) -> list[str]:
        found = place.reads_list(Execution, "executions", "list", *options)
        return [execution.name.rpartition("/")[2] for execution in found]

    assert listed() == [usual, late]
    assert listed("--trigger", "api_trigger/late") == [late]
    assert listed("--state", "cancelled", "--state", "failed") == [late]
    assert listed("--filter", f"execution_id = {usual}") == [usual]
    assert listed("--integration", "orders", "--limit", "1") == [usual]
    assert listed("--until", "2020-01-01") == []
    head, *lines = place.gets("executions", "list").splitlines()
    assert re.split(" {2,}", head)[:4] == ["ID", "STATE", "CREATED AT", "INTEGRATION"]
    assert [re.split(" {2,}", line)[:2] for line in lines] == [
        [usual, "PENDING"],
        [late, "CANCELLED"],
    ]


def test_one_is_cancelled_and_replayed_with_a_changed_input(
    place: Person, target: RecordingTarget
) -> None:
    first = scheduled(place, "--input", "n=1", "--input", "kept=yes")
    assert place.gets("executions", "cancel", first, "--reason", "late") == f"{first} CANCELLED\n"
    assert re.search(r"cancelReason +late", place.gets("executions", "get", first))
    again, state = place.gets(
        *("executions", "replay", first, "--reason", "once more", "--input", "n=2")
    ).split()
    assert state in ("PENDING", "PROCESSING", "SUCCEEDED")
    [called] = target.wait_for(lambda call: call.headers["x-request-id"] == again)
    assert called.json["parameters"] == {"n": 2, "kept": "yes"}
    shown = place.gets("executions", "get", again)
    assert re.search(rf"replayOf +{first}", shown)
    assert re.search(r"replayReason +once more", shown)
    assert re.search(rf"replays +{again}", place.gets("executions", "get", first))


def test_one_that_has_ended_is_not_cancelled(place: Person) -> None:
    done = json.loads(place.gets("schedule", "orders", "--wait", "-o", "json"))
    ended = place.types("executions", "cancel", done[0]["name"])
    assert ended.status == 1
    assert "it is SUCCEEDED" in ended.stderr


def test_watch_prints_a_line_for_each_change(place: Person) -> None:
    first = scheduled(place)
    command = [str(TOCSIN), "executions", "watch"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(place.environment),
    ) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        location = place.environment["TOCSIN_LOCATION"]
        followed = watching.stderr.readline()
        assert followed.startswith(f"following {location}/integrations/-;")
        assert "TOCSIN_LOCATION" in followed
        head, line = watching.stdout.readline(), watching.stdout.readline()
        assert head.startswith("ID ")
        assert line.split()[:2] == [first, "PENDING"]
        place.gets("executions", "cancel", first)
        assert watching.stdout.readline().split()[:2] == [first, "CANCELLED"]
        watching.terminate()


def test_operations_are_listed_waited_for_and_cancelled(place: Person) -> None:
    first = scheduled(place)
    done = json.loads(place.gets("schedule", "orders", "--wait", "-o", "json"))
    ended = done[0]["name"].rpartition("/")[2]
    rows = [re.split(" {2,}", line) for line in place.gets("operations", "list").splitlines()]
    assert rows[0][:3] == ["ID", "DONE", "STATE"]
    assert {tuple(row[:3]) for row in rows[1:]} == {
        (first, "no", "ON_HOLD"),
        (ended, "yes", "SUCCEEDED"),
    }
    assert place.gets("operations", "wait", ended).split()[:3] == [ended, "yes", "SUCCEEDED"]
    assert place.gets("operations", "cancel", first).split()[:3] == [first, "yes", "CANCELLED"]
    assert place.types("operations", "wait", first).status == 1
    open_ones = place.gets("operations", "list", "--filter", "done=false", "-o", "json")
    assert json.loads(open_ones) == []
