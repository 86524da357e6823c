"""`tocsin invocations` and `tocsin dead-letters`, as a person uses them."""

import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from select import select

import pytest

from cli.person import Person, parsed
from cli.triggers import DEAD_LETTERED, create, path_of
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import PATIENCE, TOCSIN, clean_environment, serving
from tocsin_protos.tocsin.v1.dead_letter_service_pb2 import RedriveResponse
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

UNKNOWN = "a1s00000000000000000"


@pytest.fixture
def trigger(person: Person) -> Trigger:
    return create(person, "nightly")


@pytest.fixture
def refusing(person: Person, target: RecordingTarget) -> None:
    """The person's function answers 503."""
    target.answers[path_of(person)] = lambda _: Answer(503)


def fire(person: Person, name: str = "nightly") -> Invocation:
    """Fires a trigger and waits for the end of it, whatever that is."""
    done = person.types("triggers", "fire", name, "--wait", "-o", "json")
    [fired] = json.loads(done.stdout)
    return parsed(Invocation, fired)


def listed(person: Person, *options: str) -> list[str]:
    arguments = ("invocations", "list", "--trigger", "nightly", *options)
    return [each.id for each in person.reads_list(Invocation, *arguments)]


def test_list_is_a_line_for_each_the_latest_first(person: Person, trigger: Trigger) -> None:
    fired = [fire(person) for _ in range(2)]
    head, *lines = person.gets("invocations", "list", "--trigger", "nightly").splitlines()
    assert re.split(" {2,}", head) == [
        *("ID", "STATE", "SCHEDULED AT", "ORIGIN", "ATTEMPTS", "TARGET", "LAST ERROR")
    ]
    assert [re.split(" {2,}", line)[:2] for line in lines] == [
        [each.id, "SUCCEEDED"] for each in reversed(fired)
    ]
    assert all(trigger.id in line for line in lines)


def test_list_is_narrowed(person: Person, trigger: Trigger, target: RecordingTarget) -> None:
    good = fire(person).id
    target.answers[path_of(person)] = lambda _: Answer(503)
    bad = fire(person).id
    assert listed(person) == [bad, good]
    assert listed(person, "--limit", "1") == [bad]
    assert listed(person, "--state", "failed", "--state", "retrying") == [bad]
    assert listed(person, "--state", "STATE_SUCCEEDED") == [good]
    assert listed(person, "--from", "2098-01-01") == []
    assert listed(person, "--until", "2098-01-01") == [bad, good]


def test_list_is_of_the_folder(person: Person, trigger: Trigger) -> None:
    fired = fire(person).id
    everyones = person.reads_list(Invocation, "invocations", "list", "--folder", "")
    assert fired in [each.id for each in everyones]
    own = person.reads_list(Invocation, "invocations", "list")
    assert [(each.id, each.trigger_id) for each in own] == [(fired, trigger.id)]
    for listing in ("invocations", "dead-letters"):
        assert person.reads_list(Invocation, listing, "list", "--folder", "another") == []


def test_a_state_that_is_none_is_told(person: Person) -> None:
    status, [line] = person.is_refused("invocations", "list", "--state", "lost")
    assert status == 2
    assert line.startswith(
        "tocsin: --state: lost is not a state: use one of pending, running, retrying, "
    )


@pytest.mark.usefixtures("trigger", "refusing")
def test_get_shows_attempts_and_payload(person: Person) -> None:
    fired = fire(person)
    shown = person.gets("invocations", "get", fired.id)
    told = dict(re.findall(r"^(\w+) {2,}(.*)$", shown, flags=re.MULTILINE))
    assert (told["id"], told["state"], told["cause"]) == (fired.id, "FAILED", "FIRED_BY_HAND")
    assert re.search(r"^attempts +1  CALL  .* s  503  .*answered 503", shown, flags=re.MULTILINE)
    assert '"payload": "go"' in shown
    full = person.reads(Invocation, "invocations", "get", fired.id)
    assert [each.http_status for each in full.attempts] == [503]
    assert json.loads(full.payload)["messages"][0]["details"]["payload"] == "go"


@pytest.mark.parametrize("command", ["get", "retry", "cancel"])
def test_an_invocation_that_is_not_there_is_refused(person: Person, command: str) -> None:
    status, [line] = person.is_refused("invocations", command, UNKNOWN)
    assert status == 1
    assert line == f"tocsin: NOT_FOUND: Invocation {UNKNOWN} not found"


@pytest.mark.usefixtures("trigger")
def test_retry_delivers_again(person: Person, target: RecordingTarget) -> None:
    fired = fire(person)
    told = person.gets("invocations", "retry", fired.id)
    assert re.fullmatch(rf"{fired.id} (PENDING|RUNNING|RETRYING|SUCCEEDED)\n", told)
    calls = target.wait_for(lambda request: request.path == path_of(person), 2)
    assert {each.headers["x-request-id"] for each in calls} == {fired.id}


@pytest.mark.usefixtures("trigger")
def test_cancel_of_what_is_over_is_refused(person: Person) -> None:
    status, [line] = person.is_refused("invocations", "cancel", fire(person).id)
    assert status == 1
    assert line.startswith("tocsin: FAILED_PRECONDITION: ")


@pytest.mark.usefixtures("refusing")
def test_cancel_keeps_what_waits_from_being_delivered(person: Person) -> None:
    fired = dying(person)
    done = person.types("invocations", "cancel", fired.id)
    assert done.stdout in ("", f"{fired.id} CANCELLED\n")


def dying(person: Person) -> Invocation:
    """An invocation that waits for its dead letter queue."""
    create(person, "dying", DEAD_LETTERED)
    [fired] = person.reads_list(Invocation, "triggers", "fire", "dying")
    shown = fired
    while not (shown.state == Invocation.STATE_DEAD_LETTERING and shown.last_error):
        shown = person.reads(Invocation, "invocations", "get", fired.id)
    return shown


@pytest.mark.usefixtures("refusing")
def test_dead_letters_are_listed_and_redriven(person: Person, target: RecordingTarget) -> None:
    fired = dying(person)
    listing = ("dead-letters", "list", "--trigger", "dying")
    assert [each.id for each in person.reads_list(Invocation, *listing)] == [fired.id]
    assert fired.id in person.gets(*listing)
    del target.answers[path_of(person)]
    assert person.gets("dead-letters", "redrive", fired.id) == f"{fired.id} due again\n"
    target.wait_for(lambda request: request.path == path_of(person), 2)


@pytest.mark.usefixtures("refusing")
def test_all_dead_letters_of_a_trigger_are_redriven(
    person: Person, target: RecordingTarget
) -> None:
    fired = dying(person)
    del target.answers[path_of(person)]
    redrive = ("dead-letters", "redrive", "--trigger", "dying")
    response = person.reads(RedriveResponse, *redrive)
    assert (list(response.invocation_ids), response.left) == ([fired.id], 0)


def test_redrive_must_be_told_what(person: Person) -> None:
    assert person.is_refused("dead-letters", "redrive") == (
        2,
        ["tocsin: give either an INVOCATION or a --trigger"],
    )


@contextmanager
def watching(person: Person, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [str(TOCSIN), "invocations", "watch", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(person.environment),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.usefixtures("trigger")
def test_watch_tells_what_was_and_what_comes_until_ctrl_c(person: Person) -> None:
    before = fire(person)
    with watching(person, "--trigger", "nightly") as process:
        assert line_of(process).split()[0] == "ID"
        assert re.match(f"{before.id}  SUCCEEDED  ", line_of(process))
        after = fire(person)
        while not (line := line_of(process)).startswith(f"{after.id}  SUCCEEDED"):
            assert line.startswith(after.id)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.usefixtures("trigger")
def test_watch_as_json_is_a_message_in_each_line(person: Person) -> None:
    fire(person)
    with watching(person, "--trigger", "nightly", "-o", "json", "--last", "0") as process:
        # What was there before is not told. When the watch begins is not told either.
        fired = {fire(person).id}
        while not select([process.stdout], [], [], 0)[0]:
            fired.add(fire(person).id)
        assert parsed(Invocation, json.loads(line_of(process))).id in fired
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.usefixtures("trigger")
def test_watch_keeps_a_table_up_to_date_on_a_terminal(person: Person) -> None:
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = clean_environment(person.environment | {"TERM": "xterm-256color"})
    with subprocess.Popen(
        [str(TOCSIN), "invocations", "watch", "--trigger", "nightly"],
        stdin=theirs,
        stdout=theirs,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        until(ours, "No invocations yet.")
        fired = fire(person)
        until(ours, rf"{fired.id}  \x1b\[32mSUCCEEDED\x1b\[0m")
        process.send_signal(signal.SIGINT)
        until(ours, re.escape("\x1b[?25h"))  # the cursor is given back
        assert process.wait(PATIENCE) == 0
    os.close(ours)


def until(terminal: int, pattern: str) -> None:
    """Reads what is written to a terminal until the pattern is there."""
    written = ""
    while not re.search(pattern, written):
        assert select([terminal], [], [], PATIENCE)[0], f"{pattern} did not come: {written!r}"
        written += os.read(terminal, 65536).decode()


def test_watch_needs_a_server_to_begin_with(person: Person) -> None:
    status, [line] = person.is_refused("invocations", "watch", "--server", "127.0.0.1:1")
    assert status == 1
    assert line.startswith("tocsin: UNAVAILABLE: no server answers at 127.0.0.1:1 ")


def test_watch_waits_for_a_server_that_went_away(tmp_path: Path) -> None:
    with (
        serving(tmp_path, http="off") as server,
        watching(Person(server.grpc_address, "f", tmp_path)) as process,
    ):
        assert line_of(process).startswith("ID")
        server.kill()
        assert process.stderr is not None
        assert process.stderr.readline() == "The server does not answer; waiting for it.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_watch_goes_on_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path, http="off") as server:
        port = server.grpc_address.rpartition(":")[2]
        with watching(Person(server.grpc_address, "f", tmp_path)) as process:
            assert line_of(process).startswith("ID")
            assert server.stop() == 0
            assert process.stderr is not None
            assert process.stderr.readline() == (
                "The server stops; waiting for it, or for another one.\n"
            )
            with serving(tmp_path, "", "--listen", f"127.0.0.1:{port}", http="off"):
                while process.stderr.readline() != "The server is back.\n":
                    pass
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE) == 0


@pytest.mark.usefixtures("trigger")
def test_top_tells_the_counts_as_they_change(person: Person) -> None:
    with subprocess.Popen(
        [str(TOCSIN), "top"],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(person.environment),
    ) as process:
        assert line_of(process).split()[:2] == ["TIME", "DUE"]
        first = line_of(process).split()
        assert first[-2:] == ["0/min", "0/min"]
        fire(person)
        while line_of(process).split()[-2] == "0/min":
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
