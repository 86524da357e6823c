"""`tocsin triggers fire`, `next`, `preview` and `explain`, as a person uses them."""

import re
import signal
import subprocess

import pytest

from cli.person import Person
from cli.triggers import MAIL, TICK, create, path_of
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import PATIENCE, TOCSIN, clean_environment
from tocsin_protos.tocsin.v1.firing_service_pb2 import (
    ExplainResponse,
    NextFireTimesResponse,
    PreviewedFiring,
)
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation


def test_fire_shows_the_invocation(person: Person, target: RecordingTarget) -> None:
    trigger = create(person, "nightly")
    head, line = person.gets("triggers", "fire", "nightly").splitlines()
    assert head.split(maxsplit=6)[:3] == ["ID", "STATE", "SCHEDULED"]
    assert trigger.id in line
    [called] = target.wait_for(lambda request: request.path == path_of(person))
    assert called.json["messages"][0]["details"]["payload"] == "go"
    assert called.headers["x-request-id"] == line.split()[0]


def test_fire_waits_until_it_is_delivered(person: Person) -> None:
    create(person, "nightly")
    [fired] = person.reads_list(Invocation, "triggers", "fire", "nightly", "--wait")
    assert (fired.state, fired.attempt_count) == (Invocation.STATE_SUCCEEDED, 1)
    assert fired.cause == Invocation.CAUSE_FIRED_BY_HAND


def test_fire_that_is_not_delivered_has_a_status_of_1(
    person: Person, target: RecordingTarget
) -> None:
    create(person, "nightly")
    target.answers[path_of(person)] = lambda _: Answer(503)
    done = person.types("triggers", "fire", "nightly", "--wait")
    assert (done.status, done.stderr) == (1, "")
    assert re.search(r"FAILED .* answered 503$", done.stdout.splitlines()[1])


RETRIED = """\
rule:
  timer:
    cronExpression: 0 3 31 1 ? 2098
    invokeFunctionWithRetry:
      functionId: {function}
      retrySettings: {{retryAttempts: 1, interval: 10s}}
"""


def test_fire_tells_of_a_failed_attempt_and_after_ctrl_c_how_to_see_the_rest(
    person: Person, target: RecordingTarget
) -> None:
    create(person, "nightly", RETRIED)
    target.answers[path_of(person)] = lambda _: Answer(503)
    with subprocess.Popen(
        [str(TOCSIN), "triggers", "fire", "nightly", "--wait"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=clean_environment(person.environment),
    ) as process:
        assert process.stderr is not None
        failed = process.stderr.readline()
        assert re.search(r" attempt 1 failed: .* answered 503; the next one is due at ", failed)
        process.send_signal(signal.SIGINT)
        invocation_id = failed.split()[0]
        assert process.stderr.readline() == (
            f"{invocation_id} goes on; see it with: tocsin invocations get {invocation_id}\n"
        )
        assert process.wait(PATIENCE) == 130


def test_fire_takes_a_payload_or_a_whole_body(person: Person, target: RecordingTarget) -> None:
    create(person, "nightly")
    create(person, "post", MAIL)
    file = person.writes("body.bin", "any bytes")
    person.gets("triggers", "fire", "nightly", "--payload", "by hand")
    person.gets("triggers", "fire", "post", "--json", '{"n": [1, true, null]}')
    person.gets("triggers", "fire", "post", "--body", file)
    person.gets("triggers", "fire", "post", "--body", "-", stdin="from stdin")
    called = target.wait_for(lambda request: request.path == path_of(person), 4)
    bodies = {each.body for each in called}
    assert {b"any bytes", b"from stdin"} <= bodies
    assert any(b"by hand" in each for each in bodies)
    assert any(each.headers and each.body.startswith(b'{"n"') for each in called)


def test_the_same_request_id_fires_once(person: Person) -> None:
    create(person, "nightly")
    fire = ("triggers", "fire", "nightly", "--request-id", "once")
    [first] = person.reads_list(Invocation, *fire)
    [second] = person.reads_list(Invocation, *fire)
    assert first.id == second.id


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--json", "{"), "--json: must be JSON: "),
        (("--body", "none.bin"), "none.bin: No such file or directory"),
        (("--payload", "a", "--json", "1"), "give only one of --payload, --json and --body"),
    ],
)
def test_what_can_not_be_fired_is_told(person: Person, options: tuple[str, ...], told: str) -> None:
    create(person, "nightly")
    status, [line] = person.is_refused("triggers", "fire", "nightly", *options)
    assert status == 2
    assert line.startswith(f"tocsin: {told}")


def test_next_tells_the_ticks_to_come(person: Person) -> None:
    create(person, "nightly")
    assert person.gets("triggers", "next", "nightly") == f"{TICK}\n"
    response = person.reads(NextFireTimesResponse, "triggers", "next", "nightly")
    assert [each.ToJsonString() for each in response.fire_times] == [TICK]


def test_next_says_that_a_timer_is_paused_or_has_ended(person: Person) -> None:
    create(person, "nightly")
    done = person.types("triggers", "next", "nightly", "--after", "2098-02-01T00:00")
    assert (done.status, done.stdout, done.stderr) == (
        0,
        "",
        "the timer never fires after that time\n",
    )
    person.gets("triggers", "pause", "nightly")
    done = person.types("triggers", "next", "nightly")
    assert (done.status, done.stdout) == (0, f"{TICK}\n")
    assert done.stderr == "the timer is paused: it would fire at these times if you resumed it\n"


SPAN = ("--from", "2098-01-30T00:00", "--until", "2098-02-01T00:00")


def test_preview_tells_what_fires_between_two_instants(person: Person) -> None:
    first, second = create(person, "first"), create(person, "second")
    person.gets("triggers", "pause", second.id)
    firings = person.reads_list(PreviewedFiring, "triggers", "preview", *SPAN)
    assert [(each.trigger_id, each.fire_time.ToJsonString()) for each in firings] == [
        (first.id, TICK)
    ]
    shown = person.gets("triggers", "preview", *SPAN, "--include-paused").splitlines()
    assert sorted(re.split(" {2,}", line) for line in shown[1:]) == [
        ["2098-01-31 03:00:00", first.id, "first", "-"],
        ["2098-01-31 03:00:00", second.id, "second", "PAUSED"],
    ]
    assert len(person.gets("triggers", "preview", "first", *SPAN).splitlines()) == 2
    assert len(person.gets("triggers", "preview").splitlines()) == 1


def test_explain_tells_why(person: Person) -> None:
    trigger = create(person, "nightly")
    explain = ("triggers", "explain", "nightly")
    response = person.reads(ExplainResponse, *explain, TICK)
    assert response.reason == ExplainResponse.REASON_NOT_YET
    shown = dict(re.findall(r"^(\w+) +(.*)$", person.gets(*explain, "2098-01-30T03:00Z"), re.M))
    assert shown["reason"] == "NOT_A_TICK"
    assert shown["triggerId"] == trigger.id
    assert shown["nextTick"] == "2098-01-31 03:00:00"


def test_a_time_that_is_none_is_told(person: Person) -> None:
    trigger = create(person, "nightly")
    assert person.is_refused("triggers", "explain", trigger.id, "noon") == (
        2,
        ["tocsin: 'noon' is not an ISO 8601 time, such as 2026-01-31T09:00Z"],
    )
