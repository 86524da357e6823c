"""Targets that are down, hang, or answer nonsense; a dead letter queue that is away."""

import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import boto3
import grpc
import pytest
from moto.server import ThreadedMotoServer

from faults.checking.checker import check
from faults.checking.journal import Call, Journal, Kind, Trigger
from faults.checking.seen import SqliteFile, delivery, gather, judge
from faults.conftest import Run
from faults.load.clients import FOLDER, cron_of, now, schedule
from faults.load.fleet import Fleet
from schedule.cron_model import MINUTES, Every
from stand.recording_target import Answer, Answers, RecordingTarget
from tocsin_protos.tocsin.v1 import clock_service_pb2
from tocsin_protos.tocsin.v1.clock_service_pb2_grpc import ClockServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

START = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
# Its own: moto keeps the queues of a region for as long as the process lives.
REGION = "eu-north-1"
QUEUE = "yrn:yc:ymq:us-east-1:b1g1:dead"
PATIENCE = 60


@pytest.fixture
def reserved() -> Iterator[Callable[[int], list[int]]]:
    """Gives ports at which nobody listens until the test does: each is bound all the time, so that
    no other process gets it meanwhile, and who connects is refused."""
    with ExitStack() as stack:

        def reserve(count: int) -> list[int]:
            return [stack.enter_context(bound()).getsockname()[1] for _ in range(count)]

        yield reserve


def bound() -> socket.socket:
    held = socket.socket()
    # A server may bind it, too, as long as this one does not listen.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def saying(speak: Callable[[BinaryIO], object]) -> Answers:
    return lambda _: Answer(speak=lambda wire: speak(wire) and None)


def endlessly(start: bytes, part: bytes) -> Answers:
    def speak(wire: BinaryIO) -> None:
        wire.write(start)
        while True:
            wire.write(part)

    return saying(speak)


def dripping(wire: BinaryIO) -> None:
    wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        wire.write(b" ")
        wire.flush()
        time.sleep(0.2)


BAD: dict[str, tuple[Answers, str | None]] = {
    "silent": (saying(lambda _: time.sleep(3)), "no answer within 1.5 s"),
    "dripping": (saying(dripping), "no answer within 1.5 s"),
    "closing": (saying(lambda _: None), "closed the connection without an answer"),
    "breaking": (
        saying(lambda wire: wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
        "failed: ",
    ),
    "garbage": (
        saying(lambda wire: wire.write(b"\x00\xff\x16\x03 hello\r\n\r\n")),
        "not HTTP",
    ),
    "headers": (endlessly(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 500 + b"\r\n"), ""),
    # It did its work, as far as anyone can tell; what is left out is said.
    "endless": (
        endlessly(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + b"z" * 4096 + b"\r\n",
        ),
        None,
    ),
    "failing": (lambda _: Answer(status=500, body=b"out of order"), "answered 500: out of order"),
    "slow": (lambda _: time.sleep(0.3) or Answer(), None),
}


def integrations(url: str, down: str) -> str:
    names = {name: f"{url}/{name}" for name in (*BAD, "good")} | {"down": down}
    tables = (
        f'[integrations.{name}]\ntriggers = ["api_trigger/{name}"]\nurl = "{at}"\n'
        for name, at in names.items()
    )
    return "[targets]\ntimeout = 1.5\n\n" + "\n".join(tables)


def test_a_bad_target_is_told_in_words_and_holds_up_no_other(
    run: Run,
    tmp_path: Path,
    target: RecordingTarget,
    journal: Journal,
    reserved: Callable[[int], list[int]],
) -> None:
    target.answers |= {f"/{name}": answers for name, (answers, _) in BAD.items()}
    target.answers["/silent"] = saying(lambda _: let_go.wait(PATIENCE))
    let_go = threading.Event()
    [down] = reserved(1)
    config = integrations(target.url, f"http://127.0.0.1:{down}/")
    store = SqliteFile(tmp_path / "tocsin.db")
    of_each = 300 if run.long else 60
    with Fleet(tmp_path, config, "--database", f"sqlite:///{tmp_path}/tocsin.db") as fleet:
        [server] = fleet.start()
        with server.channel() as channel:
            names = [name for name in (*BAD, "down") for _ in range(10)] + of_each * ["silent"]
            run.chance.shuffle(names)
            for name in names:
                schedule_one(journal, channel, name, run.chance)
            for _ in range(of_each):
                schedule_one(journal, channel, "good", run.chance)
        # More of them hang than a target may have at once, and each of the others is called.
        target.wait_for(lambda call: call.path == "/good", count=of_each)
        report = judge(
            journal,
            store,
            target,
            server.grpc_address,
            tolerance=timedelta(),
            endings=("succeeded", "failed"),
        )
        let_go.set()
    run.tell(report)
    said = store.execute("SELECT DISTINCT origin, state, last_error FROM invocations")
    for name, (_, expected) in {
        **BAD,
        "down": (None, "can't be reached"),
        "good": (None, None),
    }.items():
        for origin, state, error in said:
            if origin.endswith(f"/{name}"):
                assert state == ("succeeded" if expected is None else "failed"), (name, error)
                assert expected is None or expected in error, (name, error)


def schedule_one(journal: Journal, channel: grpc.Channel, name: str, chance: random.Random) -> None:
    made = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    schedule(journal, channel, name, made, now())


# With a clock that is moved by hand, so that the minutes between retries take no time


def test_what_a_target_missed_while_it_was_down_and_a_queue_too_comes_when_they_are_up(
    run: Run, tmp_path: Path, journal: Journal, reserved: Callable[[int], list[int]]
) -> None:
    function, queue = reserved(2)
    config = f"""
        clock_start = {START.isoformat()}
        [targets]
        function = "http://127.0.0.1:{function}/functions/{{function_id}}"
        [dead_letters]
        endpoint = "http://127.0.0.1:{queue}"
        region = "{REGION}"
        access_key_id = "id"
        secret_access_key = "key"
    """
    store = SqliteFile(tmp_path / "tocsin.db")
    file = f"sqlite:///{tmp_path}/tocsin.db"
    with Fleet(tmp_path, config, "--database", file, "--clock", "manual") as fleet:
        [server] = fleet.start()
        with server.channel() as channel:
            for name in ("comes-back", "never"):
                create(journal, channel, name)
            clock = ClockServiceStub(channel)
            # The tick, and the first of its retries: nobody is there.
            advance(clock, timedelta(seconds=105))
            assert states(store) == {"retrying"}
            with answering(function) as target:
                target.answers["/functions/never"] = lambda _: Answer(status=503)
                advance(clock, timedelta(minutes=3))
                assert states(store) == {"succeeded", "dead_lettering"}
                [(error,)] = store.execute(
                    "SELECT DISTINCT last_error FROM invocations WHERE state = 'dead_lettering'"
                )
                assert error.startswith(f"dead letter queue {QUEUE}: ")
                with queues(queue) as messages:
                    at = advance(clock, timedelta(minutes=5))
                    while states(store) != {"succeeded", "dead_lettered"}:
                        at = advance(clock, timedelta(seconds=15))
                    letters = messages()
                evidence = gather(journal, store, target, server.grpc_address, at)
                evidence.deliveries = [
                    delivery(call, by_its_clock=True) for call in target.all(lambda _: True)
                ]
        endings = ("succeeded", "dead_lettered")
        report = check(journal, evidence, tolerance=timedelta(), endings=endings)
    run.tell(report, dead_letters=len(letters))
    dead = {row.id for row in evidence.rows if row.state == "dead_lettered"}
    assert letters == dead
    assert report.counts["ticks that must be"] == 2 * len(dead) > 0


def create(journal: Journal, channel: grpc.Channel, name: str) -> None:
    # Between its ticks is time for all retries of one.
    cron = cron_of(Every(MINUTES, "*/2", 2))
    request = contract.CreateTriggerRequest(folder_id=FOLDER, name=name)
    request.rule.timer.cron_expression = cron.expression
    action = request.rule.timer.invoke_function_with_retry
    action.function_id = name
    action.retry_settings.retry_attempts = 5
    action.retry_settings.interval.seconds = 10
    action.dead_letter_queue.queue_id = QUEUE
    action.dead_letter_queue.service_account_id = "aje1"
    made = TriggerServiceStub(channel).Create(request)
    metadata = contract.CreateTriggerMetadata()
    made.metadata.Unpack(metadata)
    call = Call(Kind.CREATE, START, START, made.id, cron)
    journal.triggers.append(Trigger(name, [call], id=metadata.trigger_id))


def advance(clock: ClockServiceStub, by: timedelta) -> datetime:
    request = clock_service_pb2.ClockServiceAdvanceRequest(duration=by)
    answer = clock.Advance(request, timeout=PATIENCE)
    return answer.now.ToDatetime(UTC)


def states(store: SqliteFile) -> set[str]:
    return {state for (state,) in store.execute("SELECT state FROM invocations")}


@contextmanager
def answering(port: int) -> Iterator[RecordingTarget]:
    target = RecordingTarget(port)
    try:
        yield target
    finally:
        target.close()


@contextmanager
def queues(port: int) -> Iterator[Callable[[], set[str]]]:
    """A queue service; gives what reads the ids of the invocations whose letters are there."""
    service = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
    service.start()
    client: Any = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id="id",
        aws_secret_access_key="key",
    )
    url = client.create_queue(QueueName="dead")["QueueUrl"]

    def letters() -> set[str]:
        found: set[str] = set()
        while messages := client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            found |= {
                each["MessageAttributes"]["invocation_id"]["StringValue"] for each in messages
            }
        return found

    try:
        yield letters
    finally:
        client.close()
        service.stop()
