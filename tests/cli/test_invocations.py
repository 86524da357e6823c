"""`tocsin invocations` and `tocsin dead-letters`, as a person uses them."""

import json
import os
import pty
import re
import signal
import socket
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
        *("ID", "STATE", "SCHEDULED AT", "ORIGIN", "ATTEMPTS", "DURATION", "TARGET", "LAST ERROR")
    ]
    assert [re.split(" {2,}", line)[:2] for line in lines] == [
        [each.id, "SUCCEEDED"] for each in reversed(fired)
    ]
    assert all("  nightly  " in line for line in lines)
    assert not [line for line in lines if trigger.id in line]
    assert all(re.search(r"  \d+\.\d{3} s  ", line) for line in lines)
    wide = person.gets("invocations", "list", "--trigger", "nightly", "-o", "wide").splitlines()
    assert "ORIGIN ID" in wide[0]
    assert all(f"  {trigger.id}  FIRED_BY_HAND  " in line for line in wide[1:])


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
    assert listed(person, "--from", "1h", "--to", "+1h") == [bad, good]
    assert listed(person, "--from", "-1h30m") == [bad, good]
    assert listed(person, "--from", "yesterday", "--to", "yesterday") == []
    assert listed(person, "--to", "2d") == []
    assert listed(person, "--error", "ANSWERED 503") == [bad]
    assert listed(person, "--oldest-first") == [good, bad]


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
def test_a_moment_that_is_none_is_told(person: Person) -> None:
    status, [line] = person.is_refused("invocations", "list", "--from", "1 hour ago")
    assert status == 2
    assert line.startswith("tocsin: '1 hour ago' is not a time, such as 1h (ago), yesterday or ")


@pytest.mark.usefixtures("trigger", "refusing")
def test_those_that_failed_are_retried_together(person: Person, target: RecordingTarget) -> None:
    fired = [fire(person).id for _ in range(3)]
    wanted = ("invocations", "retry", "--trigger", "nightly", "--error", "503")
    status, lines = person.is_refused(*wanted)
    assert status == 1
    assert "Retry 3 invocations? Give --yes if you are sure" in lines[-1]
    target.answers[path_of(person)] = lambda _: Answer(200)
    told = person.gets(*wanted, "--yes")
    assert re.fullmatch(r"\w+ done: 3 of 3 changed\n", told)
    job = told.split()[0]
    jobs = person.gets("invocations", "jobs", "list").splitlines()
    assert [line.split()[:3] for line in jobs[1:] if line.startswith(job)] == [
        [job, "RETRY", "DONE"]
    ]
    assert person.gets("invocations", "jobs", "cancel", job) == f"{job} DONE\n"
    assert len(fired) == len(listed(person))
    assert person.gets(*wanted, "--state", "cancelled", "--yes") == "No invocations match.\n"


@pytest.mark.usefixtures("trigger")
def test_a_payload_is_sent_again_with_changes(
    person: Person, target: RecordingTarget, tmp_path: Path
) -> None:
    fired = fire(person)
    place = "messages.0.details.payload"
    told = person.gets("invocations", "resend", fired.id, "--set", f"{place}=stop")
    again = told.split()[0]
    assert again != fired.id
    (tmp_path / "new.json").write_bytes(b'{"new": 1}')
    person.gets("invocations", "resend", fired.id, "--payload", str(tmp_path / "new.json"))
    calls = target.wait_for(lambda request: request.path == path_of(person), 3)
    bodies = [json.loads(call.body) for call in calls]
    assert {"new": 1} in bodies
    assert "stop" in [
        each["messages"][0]["details"]["payload"] for each in bodies if "messages" in each
    ]
    status, [line] = person.is_refused("invocations", "resend", fired.id, "--set", "no.such=1")
    assert (status, line) == (1, "tocsin: --set: the payload has no no.such")
    shown = person.gets("invocations", "get", again)
    assert re.search(rf"^resentFrom +{fired.id}$", shown, flags=re.MULTILINE)


@pytest.mark.usefixtures("refusing")
def test_dead_letters_are_grouped_and_redriven_by_cause(
    person: Person, target: RecordingTarget
) -> None:
    dying(person)
    [head, line] = person.gets("dead-letters", "causes").splitlines()
    assert re.split(" {2,}", head) == [
        *("CAUSE", "LETTERS", "OLDEST", "LATEST", "TARGET", "TRIGGERS", "ERROR")
    ]
    cause, letters, *_ = re.split(" {2,}", line)
    assert (letters, "  dying  " in line) == ("1", True)
    assert len(person.gets("dead-letters", "list", "--cause", cause).splitlines()) == 2
    assert person.gets("dead-letters", "list", "--cause", "none").count("\n") == 1
    target.answers[path_of(person)] = lambda _: Answer(200)
    for _ in range(1000):
        told = person.gets("dead-letters", "redrive", "--cause", cause, "--yes")
        if "1 of 1 changed\n" in told:
            return
    raise AssertionError(told)


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
        ["tocsin: give either an INVOCATION or one of --trigger, --cause and --folder"],
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
    with on_terminal(person, "invocations", "watch", "--trigger", "nightly") as ours:
        until(ours, "No invocations yet.")
        fired = fire(person)
        until(ours, rf"{fired.id}  \x1b\[32mSUCCEEDED\x1b\[0m")


@contextmanager
def on_terminal(person: Person, *arguments: str) -> Iterator[int]:
    """Runs a command on a terminal, and ends it with Ctrl-C."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = clean_environment(person.environment | {"TERM": "xterm-256color"})
    with subprocess.Popen(
        [str(TOCSIN), *arguments],
        stdin=theirs,
        stdout=theirs,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        yield ours
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


def test_top_shows_the_nodes_on_a_terminal(person: Person) -> None:
    with on_terminal(person, "top") as ours:
        until(ours, rf"(?s)NODE.*CLAIMS/MIN.*{re.escape(socket.gethostname())}.*ALIVE")
