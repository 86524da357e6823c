"""A call with an idempotency-key is made once, however often it is sent."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code, update_request
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.expecting import metadata_of
from tocsin.conformance.listing import listed_operations, listed_triggers
from tocsin.conformance.made import create_request, timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

GUIDE = "Yandex Cloud API design guide, Idempotency"
FEATURES = ("idempotency",)


def _key() -> list[tuple[str, str]]:
    return [("idempotency-key", str(uuid.uuid4()))]


def _request(changes: Changes, peer: Peer, method: str) -> Any:
    """Returns a request that changes something the first time."""
    if method == "Create":
        return create_request(peer)
    made = changes.create()
    if method == "Update":
        return update_request(made.id, "description", description="after")
    if method == "Resume":
        changes.pause(made.id)
    return getattr(contract, f"{method}TriggerRequest")(trigger_id=made.id)


def _methods(id: str, sentence: str, *more: str) -> pytest.MarkDecorator:
    methods = ("Create", "Update", "Pause", "Resume", "Delete")
    return pytest.mark.parametrize(
        "method",
        [
            pytest.param(
                method,
                id=method,
                marks=clause(
                    f"triggers.idempotency.{method.lower()}.{id}",
                    MUST,
                    sentence.format(method),
                    source=f"{GUIDE} (the server returns the Operation object with this "
                    "operation's current status)",
                    features=(
                        *FEATURES,
                        *more,
                        *(("pause",) if method in ("Pause", "Resume") else ()),
                    ),
                ),
            )
            for method in methods
        ],
    )


@_methods("same-operation", "{} with an idempotency-key MUST answer a repeat with its operation.")
def test_a_repeat_gets_the_same_operation(changes: Changes, peer: Peer, method: str) -> None:
    request, key = _request(changes, peer, method), _key()
    first = changes.done(method, request, key)
    again = changes.done(method, request, key, why="a second time with the same idempotency-key")
    assert again.id == first.id, f"the first operation is {first.id}, the repeat's {again.id}"
    assert again.metadata == first.metadata, "the repeat's operation has other metadata"
    assert again.response == first.response, "the repeat's operation has another response"


@clause(
    "triggers.idempotency.create.runs-once",
    MUST,
    "Create with an idempotency-key MUST NOT make another trigger when it is repeated.",
    source=f"{GUIDE} (the server will not run it again)",
    features=FEATURES,
)
def test_a_repeat_makes_no_second_trigger(changes: Changes, peer: Peer) -> None:
    # Without a name, which would tell a repeat.
    mark = peer.name("once")
    request, key = create_request(peer, name="", description=mark), _key()
    for _ in range(3):
        changes.done("Create", request, key)
    made = [trigger.id for trigger in listed_triggers(peer) if trigger.description == mark]
    assert len(made) == 1, f"three Creates with one key made {len(made)} triggers"


@clause(
    "triggers.idempotency.update.runs-once",
    MUST,
    "Update with an idempotency-key MUST NOT be made again when it is repeated later.",
    source=f"{GUIDE}, Example 2 (the request is resent, and another client's change stays)",
    features=FEATURES,
)
def test_a_repeated_update_undoes_nothing(changes: Changes) -> None:
    made = changes.create()
    request, key = update_request(made.id, "description", description="first"), _key()
    changes.done("Update", request, key)
    changes.update(made.id, "description", description="second")
    changes.done("Update", request, key)
    shown = changes.get(made.id).description
    assert shown == "second", f"the repeat made the description {shown!r} again"


@clause(
    "triggers.idempotency.pause.runs-once",
    MUST,
    "Pause with an idempotency-key MUST NOT pause again when it is repeated after a Resume.",
    source=f"{GUIDE}, Example 2 (the VM would not be stopped when resending the request)",
    features=(*FEATURES, "pause"),
)
def test_a_repeated_pause_pauses_once(changes: Changes) -> None:
    made = changes.create()
    request, key = contract.PauseTriggerRequest(trigger_id=made.id), _key()
    changes.done("Pause", request, key)
    changes.resume(made.id)
    changes.done("Pause", request, key)
    shown = changes.get(made.id).status
    assert shown == Trigger.ACTIVE, f"the repeat made it {Trigger.Status.Name(shown)} again"


@clause(
    "triggers.idempotency.resume.runs-once",
    MUST,
    "Resume with an idempotency-key MUST NOT resume again when it is repeated after a Pause.",
    source=f"{GUIDE}, Example 2",
    features=(*FEATURES, "pause"),
)
def test_a_repeated_resume_resumes_once(changes: Changes) -> None:
    made = changes.create()
    changes.pause(made.id)
    request, key = contract.ResumeTriggerRequest(trigger_id=made.id), _key()
    changes.done("Resume", request, key)
    changes.pause(made.id)
    changes.done("Resume", request, key)
    shown = changes.get(made.id).status
    assert shown == Trigger.PAUSED, f"the repeat made it {Trigger.Status.Name(shown)} again"


@clause(
    "triggers.idempotency.one-operation",
    MUST,
    "ListOperations MUST show one operation for a call that was repeated with its key.",
    source=f"{GUIDE} (whether an operation with this UUID has already been created)",
    features=(*FEATURES, "operation-list"),
)
def test_a_repeat_leaves_one_operation(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    request, key = update_request(made.id, "description", description="after"), _key()
    operations = {changes.done("Update", request, key).id for _ in range(3)}
    listed = [operation.id for operation in listed_operations(peer, made.id)]
    assert len(listed) == 2, f"ListOperations shows {listed}: of Create and {operations}"


@clause(
    "triggers.idempotency.other-key",
    MUST,
    "Two calls with different idempotency-keys MUST be two operations.",
    source=f"{GUIDE} (if no operation with this UUID is found, the service starts executing it)",
    features=FEATURES,
)
def test_another_key_is_another_call(changes: Changes, peer: Peer) -> None:
    request = create_request(peer, name="")
    first, second = (changes.done("Create", request, _key()) for _ in range(2))
    assert first.id != second.id, "both have the same operation"
    ids = {metadata_of(operation).trigger_id for operation in (first, second)}
    assert len(ids) == 2, f"both made the trigger {ids}"


@clause(
    "triggers.idempotency.no-key",
    MUST,
    "Two calls without an idempotency-key MUST be two operations.",
    source=f"{GUIDE} (by default, some operations do not work in an idempotent manner)",
)
def test_without_a_key_each_call_counts(changes: Changes, peer: Peer) -> None:
    request = create_request(peer, name="")
    first, second = (changes.done("Create", request) for _ in range(2))
    assert first.id != second.id, "both have the same operation"


@clause(
    "triggers.idempotency.race",
    MUST,
    "Of 20 Creates at once with one idempotency-key, one trigger MUST come.",
    source=f"{GUIDE} (checks whether an operation with this UUID has already been created)",
    features=FEATURES,
)
def test_a_key_holds_at_once(changes: Changes, peer: Peer) -> None:
    mark = peer.name("once")
    request, key = create_request(peer, name="", description=mark), _key()
    with ThreadPoolExecutor(20) as pool:
        endings = list(pool.map(lambda _: changes.ask("Create", request, key), range(20)))
    # One that runs may keep the others from its key for a while.
    codes = {ending.code for ending in endings}
    assert codes <= {Code.OK, Code.ABORTED, Code.UNAVAILABLE}, f"the Creates said {codes}"
    assert Code.OK in codes, f"no Create succeeded: {codes}"
    ids = {ending.operation.id for ending in endings if ending.ok}
    assert len(ids) == 1, f"20 Creates with one key have {len(ids)} operations"
    made = [trigger.id for trigger in listed_triggers(peer) if trigger.description == mark]
    assert len(made) == 1, f"20 Creates with one key made {len(made)} triggers"


def _reads(name: str) -> Any:
    return clause(
        f"triggers.idempotency.reads.{name}",
        SHOULD,
        f"{name.capitalize()} with an idempotency-key SHOULD show what is there now.",
        source=f"{GUIDE} (operations that change the state of resources); the vendor's SDKs send "
        "a key with reads too",
        features=FEATURES,
    )


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(
            lambda peer, made, key: (
                peer.triggers.Get(
                    contract.GetTriggerRequest(trigger_id=made.id), metadata=key
                ).message.description
            ),
            id="get",
            marks=_reads("get"),
        ),
        pytest.param(
            lambda peer, made, key: next(
                trigger.description
                for trigger in peer.triggers.List(
                    contract.ListTriggersRequest(folder_id=peer.folder, page_size=1000),
                    metadata=key,
                ).message.triggers
                if trigger.id == made.id
            ),
            id="list",
            marks=_reads("list"),
        ),
    ],
)
def test_reads_take_no_notice_of_a_key(
    changes: Changes, peer: Peer, ask: Callable[[Peer, Any, Any], str]
) -> None:
    made, key = changes.create(description="before"), _key()
    assert ask(peer, made, key) == "before", "the first read shows another description"
    changes.update(made.id, "description", description="after")
    shown = ask(peer, made, key)
    assert shown == "after", f"with the same key the second read shows {shown!r}"


@clause(
    "triggers.idempotency.refused-call",
    MAY,
    "A call that was refused MAY be made again with its key; known answers: it may (Tocsin).",
    source=f"{GUIDE} (whether an operation has been created; none has, for a refused call)",
    features=FEATURES,
)
def test_a_refused_call_may_be_made_again(changes: Changes, peer: Peer) -> None:
    taken, key = changes.create(), _key()
    request = create_request(peer, name=taken.name)
    assert changes.ask("Create", request, key).code is Code.ALREADY_EXISTS, "the name is not taken"
    changes.delete(taken.id)
    changes.done("Create", request, key, why="now that the name is free")


@clause(
    "triggers.idempotency.other-request",
    MAY,
    "Another request with the same key MAY be refused; known answers: INVALID_ARGUMENT (Tocsin), "
    "the first operation.",
    source=f"{GUIDE} (what becomes of another request is not said)",
    features=FEATURES,
)
def test_another_request_may_be_refused(changes: Changes, peer: Peer) -> None:
    key = _key()
    changes.done("Create", create_request(peer), key)
    ending = changes.ask("Create", create_request(peer, rule=timer(payload="other")), key)
    assert ending.code is Code.INVALID_ARGUMENT, f"Create was answered {ending}"
