"""Calls that come at once have the same outcome as calls that come one after the other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tocsin.conformance.changes import Changes, Code, Ending, update_request
from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.listing import listed_triggers
from tocsin.conformance.made import create_request, timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

T = TypeVar("T")

AT_ONCE = 50
UNIQUE = "proto yandex.cloud.serverless.triggers.v1.{}.name (must be unique within the folder)"
# google/rpc/code.proto: ABORTED is for conflicts between calls that come at once.
CLASHES = (Code.ALREADY_EXISTS, Code.ABORTED)


def _at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def _one_wins(endings: Sequence[Ending]) -> None:
    won = [ending for ending in endings if ending.ok]
    assert len(won) == 1, f"{len(won)} of {len(endings)} calls at once succeeded, one must"
    others = {str(ending.code.name) for ending in endings if not ending.ok}
    allowed = {code.name for code in CLASHES}
    assert others <= allowed, f"the others must be refused with {allowed}, but said {others}"


@clause(
    "triggers.create.name.race",
    MUST,
    "Of 50 Creates at once with one name, exactly one MUST succeed, and the others MUST be refused "
    "with ALREADY_EXISTS or ABORTED.",
    source=UNIQUE.format("CreateTriggerRequest") + "; google/rpc/code.proto",
)
def test_one_create_of_fifty_gets_the_name(changes: Changes, peer: Peer) -> None:
    request = create_request(peer, name=peer.name("race"))
    _one_wins(_at_once([lambda: changes.ask("Create", request)] * AT_ONCE))
    found = [trigger for trigger in listed_triggers(peer) if trigger.name == request.name]
    assert len(found) == 1, f"List shows {len(found)} triggers of that name"


@clause(
    "triggers.update.name.race",
    MUST,
    "Of 50 triggers that are renamed at once to one name, exactly one MUST get it, and the others "
    "MUST keep theirs.",
    source=UNIQUE.format("UpdateTriggerRequest") + "; google/rpc/code.proto",
)
def test_one_rename_of_fifty_gets_the_name(changes: Changes, peer: Peer) -> None:
    made = _at_once([lambda: changes.create()] * AT_ONCE)
    name = peer.name("race")

    def rename(trigger: Any) -> Callable[[], Ending]:
        request = update_request(trigger.id, "name", name=name)
        return lambda: changes.ask("Update", request)

    endings = _at_once([rename(trigger) for trigger in made])
    _one_wins(endings)
    names = {trigger.id: trigger.name for trigger in listed_triggers(peer)}
    for trigger, ending in zip(made, endings, strict=True):
        meant = name if ending.ok else trigger.name
        shown = names.get(trigger.id)
        assert shown == meant, f"{trigger.id} must be named {meant!r}, but is {shown!r}"


@clause(
    "triggers.create.ids.race",
    MUST,
    "Of 50 Creates at once with names of their own, each MUST succeed with an id of its own.",
    source="Yandex Cloud API design guide, Resource identification (its own unique ID)",
)
def test_fifty_creates_make_fifty_triggers(changes: Changes, peer: Peer) -> None:
    made = _at_once([lambda: changes.create()] * AT_ONCE)
    ids = {trigger.id for trigger in made}
    assert len(ids) == AT_ONCE, f"{AT_ONCE} Creates made {len(ids)} ids"
    shown = {trigger.id for trigger in listed_triggers(peer)}
    assert ids <= shown, f"List lacks {len(ids - shown)} of them"


@clause(
    "triggers.update.race.no-write-lost",
    MUST,
    "Updates at once of different fields MUST NOT undo each other.",
    source="google/protobuf/field_mask.proto (the API is required to only change the values of the "
    "fields as specified in the mask and leave the others untouched)",
)
def test_updates_of_different_fields_are_all_kept(changes: Changes) -> None:
    made = changes.create()
    rounds = 12

    def write(field: str, values: Sequence[Any]) -> Callable[[], None]:
        def run() -> None:
            for value in values:
                # ABORTED asks for another try (google/rpc/code.proto).
                request = update_request(made.id, field, **{field: value})
                while (ending := changes.ask("Update", request)).code is Code.ABORTED:
                    continue
                assert ending.ok, f"Update of {field} must succeed, but was answered {ending}"

        return run

    last = f"last-{rounds}"
    texts = [f"turn-{turn}" for turn in range(rounds)] + [last]
    _at_once(
        [
            write("description", texts),
            write("labels", [{"a": text} for text in texts]),
            write("rule", [timer(payload=text) for text in texts]),
        ]
    )
    meant = Trigger()
    meant.CopyFrom(made)
    meant.description = last
    meant.labels["a"] = last
    meant.rule.CopyFrom(timer(payload=last))
    expect_same(changes.get(made.id), meant, "the trigger after Updates at once")


@clause(
    "triggers.delete.race",
    MUST,
    "Of 20 Deletes at once of one trigger, one MUST succeed, and the others MUST succeed or say "
    "NOT_FOUND.",
    source="Yandex Cloud API design guide, Errors (NOT_FOUND; ABORTED: a concurrent conflict)",
)
def test_deletes_at_once(changes: Changes) -> None:
    made = changes.create()
    request = contract.DeleteTriggerRequest(trigger_id=made.id)
    endings = _at_once([lambda: changes.ask("Delete", request)] * 20)
    codes = {ending.code for ending in endings}
    assert Code.OK in codes, f"no Delete succeeded: {codes}"
    assert codes <= {Code.OK, Code.NOT_FOUND, Code.ABORTED}, f"the Deletes said {codes}"
    found = changes.look(made.id)
    assert found.code is Code.NOT_FOUND, f"Get must say NOT_FOUND, but said {found}"


@clause(
    "triggers.pause.race",
    MUST,
    "A trigger MUST be ACTIVE or PAUSED after Pauses and Resumes at once, and PAUSED after one "
    "more Pause.",
    source="proto yandex.cloud.serverless.triggers.v1.TriggerService.Pause (pauses the specified "
    "trigger); Trigger.Status",
    features=("pause",),
)
def test_pauses_and_resumes_at_once(changes: Changes) -> None:
    made = changes.create()
    pause = contract.PauseTriggerRequest(trigger_id=made.id)
    resume = contract.ResumeTriggerRequest(trigger_id=made.id)
    calls: list[Callable[[], Ending]] = [
        lambda: changes.ask("Pause", pause),
        lambda: changes.ask("Resume", resume),
    ]
    endings = _at_once(calls * 10)
    wrong = {str(ending) for ending in endings if ending.code not in _PAUSE_CODES}
    assert not wrong, f"Pause and Resume at once said {wrong}"
    shown = changes.get(made.id).status
    assert shown in (Trigger.ACTIVE, Trigger.PAUSED), f"its status is {shown}"
    # What comes after is not held up by what came at once.
    changes.pause(made.id)
    assert changes.get(made.id).status == Trigger.PAUSED, "it is not PAUSED after a last Pause"


_PAUSE_CODES = (Code.OK, Code.ABORTED, Code.FAILED_PRECONDITION)
