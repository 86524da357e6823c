"""An upgrade and a downgrade by one version, node by node, while clients call and timers tick.

The old node is the release before this checkout. Each stage (old, both, new, both, old) lasts until
so many calls were answered and so many deliveries came.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
from google.protobuf.message import Message

from faults.checking.checker import check
from faults.checking.evidence import Evidence
from faults.checking.journal import Call, Journal, Kind, Trigger
from faults.checking.seen import (
    PARKED,
    PostgresDatabase,
    gather,
    settle,
    state_of,
    tick_now,
    ticking,
)
from faults.conftest import Run
from faults.load.clients import FOLDER, Clients, cron_of, now
from faults.load.fleet import Fleet
from schedule.cron_model import MINUTES, Every
from stand.previous_release import previous_release
from stand.recording_target import Answer, RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import TOCSIN, Tocsin
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

CLIENTS = 4
# How late a tick may be: a start takes seconds where the machine is busy.
TOLERANCE = timedelta(seconds=20)
PATIENCE = 60
# Puts right what an old node leaves behind in rows that it does not know in full.
OFTEN = """
    [reconciler]
    interval = 2
"""
# In each stage, of calls and of deliveries.
SHORT_STAGE, LONG_STAGE = 30, 300
LONG_ROUNDS = 5
PARKED_NAME = "parked"
# The shortest that there is: the test ends no sooner after the resumption.
PARKED_RETRY_SECONDS = 10


def test_nothing_answered_is_lost_in_an_upgrade_and_a_downgrade(
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    postgres: PostgresServer,
) -> None:
    old, rounds = previous_release(), LONG_ROUNDS if run.long else 1
    url = postgres.new_database()
    store = PostgresDatabase(postgres, url.rpartition("/")[2])
    with Fleet(tmp_path, config + OFTEN, "--database", url) as fleet:
        clients = Clients(journal, fleet.addresses, run.seed, integrations=("nightly", "slow"))

        def work() -> None:
            wait_for_work(journal, target, LONG_STAGE if run.long else SHORT_STAGE)

        def succeed(leave: Callable[[Tocsin], None], program: Path) -> None:
            [before] = fleet.nodes
            fleet.start(program=program)
            work()
            leave(before)
            work()

        fleet.start(program=old)
        with clients.calling(CLIENTS), ticking(store, journal, run.chance):
            work()
            for number in range(rounds):
                succeed(fleet.stop, TOCSIN)
                if number == 0:
                    parked = park(journal, store, target, fleet.nodes[0])
                # Who goes back often does so because the new node is out of order.
                succeed(run.chance.choice([fleet.stop, fleet.kill]), old)
        resume(parked, target, fleet.nodes[0])
        shown_by_old = gather_from_old(journal, store, target, fleet.addresses()[0])
        # As if the three minutes were over in which nobody takes the duty of a node that is gone.
        # That of 0.1.0 has another name, and its node has it.
        store.execute("UPDATE duties SET held_until = 0 WHERE name = 'reconciler-2'")
        fleet.start()
        settled_at = settle(store)
        evidence = gather(journal, store, target, fleet.addresses()[-1], settled_at)
    report = check(journal, evidence, tolerance=TOLERANCE)
    run.tell(report, upgrades=rounds, downgrades=rounds)
    done = {"rows": evidence.rows, "deliveries": evidence.deliveries, "settled_at": settled_at}
    run.tell(check(journal, replace(shown_by_old, **done), tolerance=TOLERANCE))
    assert report.counts["ticks that must be"] > 0
    assert report.counts["events that must have come"] > 0


def wait_for_work(journal: Journal, target: RecordingTarget, count: int) -> None:
    """Waits until there are that many more answers, and that many more deliveries."""
    answers, deliveries = answered(journal), delivered(target)
    give_up = time.monotonic() + PATIENCE
    while answered(journal) < answers + count or delivered(target) < deliveries + count:
        assert time.monotonic() < give_up, journal.errors
        time.sleep(0.05)


def park(
    journal: Journal, store: PostgresDatabase, target: RecordingTarget, node: Tocsin
) -> Trigger:
    """Makes a timer and pauses it while its deliveries wait to be repeated."""
    target.answers[f"/functions/{PARKED_NAME}"] = lambda _: Answer(status=503)
    trigger = journal.new_trigger(PARKED_NAME)
    cron = cron_of(Every(MINUTES))
    request = contract.CreateTriggerRequest(folder_id=FOLDER, name=trigger.name)
    request.rule.timer.cron_expression = cron.expression
    action = request.rule.timer.invoke_function_with_retry
    action.function_id = trigger.name
    action.retry_settings.retry_attempts = 5
    action.retry_settings.interval.seconds = PARKED_RETRY_SECONDS
    call(node, trigger, Call(Kind.CREATE, now(), cron=cron), request)
    tick_now(store, trigger, minutes=3)
    wait_for_rows(store, f"origin = '{trigger.id}' AND state = 'retrying'")
    paused = contract.PauseTriggerRequest(trigger_id=trigger.id)
    call(node, trigger, Call(Kind.PAUSE, now()), paused)
    wait_for_rows(store, f"origin = '{trigger.id}' AND {PARKED}")
    return trigger


def resume(trigger: Trigger, target: RecordingTarget, node: Tocsin) -> None:
    del target.answers[f"/functions/{trigger.name}"]
    resumed = contract.ResumeTriggerRequest(trigger_id=trigger.id)
    call(node, trigger, Call(Kind.RESUME, now()), resumed)


def call(node: Tocsin, trigger: Trigger, made: Call, request: Message) -> None:
    method = made.kind.value.capitalize()
    trigger.calls.append(made)
    with node.channel() as channel:
        operation = getattr(TriggerServiceStub(channel), method)(request)
    metadata = getattr(contract, f"{method}TriggerMetadata")()
    operation.metadata.Unpack(metadata)
    trigger.id = metadata.trigger_id
    made.operation, made.answered = operation.id, now()


def wait_for_rows(store: PostgresDatabase, condition: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not store.execute(f"SELECT 1 FROM invocations WHERE {condition} LIMIT 1"):
        assert time.monotonic() < give_up, condition
        time.sleep(0.05)


def answered(journal: Journal) -> int:
    changes = [call for trigger in list(journal.triggers) for call in list(trigger.calls)]
    return sum(each.answered is not None for each in [*changes, *list(journal.executions)])


def delivered(target: RecordingTarget) -> int:
    return len(target.all(lambda _: True))


def gather_from_old(
    journal: Journal, store: PostgresDatabase, target: RecordingTarget, address: str
) -> Evidence:
    """Gathers what the old node shows, which is alone.

    It does not know what newer nodes parked, so that waits for the next of them. And it knows
    executions that newer nodes made by the server's id instead of the client's.
    """
    evidence = gather(journal, store, target, address, settle(store, parked=PARKED))
    with grpc.insecure_channel(address) as channel:
        for made, id_ in store.execute(
            "SELECT execution_id, id FROM invocations WHERE execution_id IS NOT NULL"
        ):
            evidence.executions[made] = state_of(channel, id_)
    return evidence
