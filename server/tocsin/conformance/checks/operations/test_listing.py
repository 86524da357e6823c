"""ListOperations shows the operations of one trigger, each once, page by page."""

from itertools import islice
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code, nobody, update_request
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.expecting import metadata_of
from tocsin.conformance.listing import listed_operations, operation_pages
from tocsin.conformance.made import create_request
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.operation.operation_service_pb2 import GetOperationRequest
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

PROTO = "proto yandex.cloud.serverless.triggers.v1"
GUIDE = "Yandex Cloud API design guide, Operation object, 'Viewing a list of operations'"
SIZE = f"{PROTO}.ListTriggerOperationsRequest.page_size"
TOKEN = f"{PROTO}.ListTriggerOperationsResponse.next_page_token"
FEATURES = ("operation-list",)


def _ids(operations: Any) -> list[str]:
    return [operation.id for operation in operations]


def _created(changes: Changes, peer: Peer) -> tuple[str, str]:
    """Creates a trigger; returns its id and that of the operation."""
    operation = changes.done("Create", create_request(peer))
    return metadata_of(operation).trigger_id, operation.id


def _updated(changes: Changes, trigger_id: str, text: str = "after") -> str:
    request = update_request(trigger_id, "description", description=text)
    return str(changes.done("Update", request).id)


@pytest.fixture
def four(changes: Changes, peer: Peer) -> tuple[str, list[str]]:
    """A trigger, and its four operations in the order in which they were done."""
    trigger_id, created = _created(changes, peer)
    return trigger_id, [created, *(_updated(changes, trigger_id, text) for text in "abc")]


def _shows(method: str) -> Any:
    return pytest.param(
        method,
        id=method,
        marks=clause(
            f"operations.list.shows-{method.lower()}",
            MUST,
            f"ListOperations MUST show the operation of {method}.",
            source=f"{GUIDE} (operations that were performed on the specified resource)",
            features=(*FEATURES, *(("pause",) if method in ("Pause", "Resume") else ())),
        ),
    )


@pytest.mark.parametrize(
    "method", [_shows(method) for method in ("Create", "Update", "Pause", "Resume")]
)
def test_an_operation_is_listed(changes: Changes, peer: Peer, method: str) -> None:
    trigger_id, operation_id = _created(changes, peer)
    match method:
        case "Update":
            operation_id = _updated(changes, trigger_id)
        case "Pause" | "Resume":
            operation_id = changes.pause(trigger_id).id
            if method == "Resume":
                operation_id = changes.resume(trigger_id).id
    shown = _ids(listed_operations(peer, trigger_id))
    assert operation_id in shown, f"the operations are {shown}, without {operation_id} of {method}"


@clause(
    "operations.list.of-one-trigger",
    MUST,
    "ListOperations MUST show the operations of the trigger that was asked for alone.",
    source=f"{GUIDE} (only for a specific resource)",
    features=FEATURES,
)
def test_operations_of_one_trigger_are_listed(changes: Changes, peer: Peer) -> None:
    one, created = _created(changes, peer)
    other, _ = _created(changes, peer)
    _updated(changes, other)
    shown = _ids(listed_operations(peer, one))
    assert shown == [created], f"the operations must be {created} alone, but are {shown}"


@clause(
    "operations.list.as-get",
    MUST,
    "ListOperations MUST show an operation as OperationService.Get does.",
    source=f"{GUIDE} (the answer in the example)",
    features=FEATURES,
)
def test_operations_are_listed_as_get_shows_them(peer: Peer, four: tuple[str, list[str]]) -> None:
    for operation in listed_operations(peer, four[0]):
        answer = peer.operations.Get(GetOperationRequest(operation_id=operation.id))
        assert answer.ok, f"Get of {operation.id} must succeed, but was answered {answer}"
        expect_same(operation, answer.message, "the operation in ListOperations")


@clause(
    "operations.list.page-size.most",
    MUST,
    "A page MUST NOT hold more operations than page_size says.",
    source=f"{SIZE} (the maximum number of results per page)",
    features=FEATURES,
)
def test_a_page_holds_no_more_than_was_asked(peer: Peer, four: tuple[str, list[str]]) -> None:
    for size in (1, 2, 3):
        counts = [len(page.operations) for page in operation_pages(peer, four[0], page_size=size)]
        assert max(counts) <= size, f"with page_size {size}, the pages have {counts} operations"


@clause(
    "operations.list.page-size.token-if-more",
    MUST,
    "A page that does not hold all operations MUST have a next_page_token.",
    source=f"{SIZE} (if the number of available results is larger, the service returns a "
    "next_page_token)",
    features=FEATURES,
)
def test_a_page_that_is_not_the_last_has_a_token(peer: Peer, four: tuple[str, list[str]]) -> None:
    first = next(iter(operation_pages(peer, four[0], page_size=2)))
    assert first.next_page_token, "a page of 2 of 4 operations has no next_page_token"


@clause(
    "operations.list.pages.each-once",
    MUST,
    "The pages MUST show each operation exactly once.",
    source=f"{TOKEN} (continue paging through the results)",
    features=FEATURES,
)
def test_pages_show_each_operation_once(peer: Peer, four: tuple[str, list[str]]) -> None:
    trigger_id, made = four
    for size in (1, 2, 3):
        shown = _ids(listed_operations(peer, trigger_id, page_size=size))
        assert sorted(shown) == sorted(made), (
            f"with page_size {size} the pages show {shown} of the operations {made}"
        )


@clause(
    "operations.list.pages.last-has-no-token",
    SHOULD,
    "A page behind which nothing follows SHOULD have no next_page_token.",
    source=f"{SIZE} (a token if the number of available results is larger); AIP-158 (it must be "
    "empty at the end, unless that can't be known in time)",
    features=FEATURES,
)
def test_the_last_page_has_no_token(peer: Peer, four: tuple[str, list[str]]) -> None:
    for size in (4, 5, 1000):
        pages = list(islice(operation_pages(peer, four[0], page_size=size), 2))
        extra = [page for page in pages[1:] if not page.operations]
        assert not extra, f"with page_size {size} there is a token, but nothing follows it"


@clause(
    "operations.list.pages.size-may-change",
    MUST,
    "A request with a page_token and another page_size than before MUST be answered by its own.",
    source="AIP-158 (the service must honor the new page size)",
    features=FEATURES,
)
def test_the_page_size_may_change(peer: Peer, four: tuple[str, list[str]]) -> None:
    trigger_id, made = four
    first = next(iter(operation_pages(peer, trigger_id, page_size=2)))
    for size in (1, 3):
        token = first.next_page_token
        rest = list(operation_pages(peer, trigger_id, page_size=size, page_token=token))
        longest = max(len(page.operations) for page in rest)
        assert longest <= size, f"with page_size {size} the second page has {longest} operations"
        shown = _ids([*first.operations, *(each for page in rest for each in page.operations)])
        assert sorted(shown) == sorted(made), f"pages of 2 and {size} show {shown} of {made}"


@clause(
    "operations.list.page-size.default",
    MUST,
    "A page without a page_size MUST hold 100 operations at most, and a token for the rest.",
    source=f"{SIZE} (default value: 100)",
    features=(*FEATURES, "pause"),
)
def test_a_page_holds_100_by_default(changes: Changes, peer: Peer) -> None:
    trigger_id = _with_101_operations(changes, peer)
    first, *rest = operation_pages(peer, trigger_id)
    assert len(first.operations) <= 100, f"the first page has {len(first.operations)} operations"
    total = len(first.operations) + sum(len(page.operations) for page in rest)
    assert total == 101, f"the pages show {total} of 101 operations"


@clause(
    "operations.list.page-size.fills",
    SHOULD,
    "A page SHOULD hold as many operations as page_size says, by default 100, if there are more.",
    source=f"{SIZE} (default value: 100)",
    features=(*FEATURES, "pause"),
)
def test_a_page_is_filled(changes: Changes, peer: Peer) -> None:
    trigger_id = _with_101_operations(changes, peer)
    for size, meant in ((0, 100), (7, 7), (101, 101)):
        first = next(iter(operation_pages(peer, trigger_id, page_size=size)))
        assert len(first.operations) == meant, (
            f"with page_size {size} the first page has {len(first.operations)} operations"
        )


def _with_101_operations(changes: Changes, peer: Peer) -> str:
    trigger_id, _ = _created(changes, peer)
    for turn in range(100):
        (changes.pause if turn % 2 == 0 else changes.resume)(trigger_id)
    return trigger_id


@clause(
    "operations.list.token.length",
    MUST,
    "A next_page_token of ListOperations MUST have 100 characters at most.",
    source=f'{PROTO}.ListTriggerOperationsRequest.page_token [(yandex.cloud.length) = "<=100"]',
    features=FEATURES,
)
def test_a_token_can_be_sent_back(peer: Peer, four: tuple[str, list[str]]) -> None:
    token = next(iter(operation_pages(peer, four[0], page_size=1))).next_page_token
    assert 1 <= len(token) <= 100, f"the token has {len(token)} characters"


@clause(
    "operations.list.token.invalid",
    SHOULD,
    "ListOperations with a page_token that no page gave SHOULD be refused with INVALID_ARGUMENT.",
    source="AIP-158; Yandex Cloud API design guide, Errors, INVALID_ARGUMENT",
    features=FEATURES,
)
def test_a_token_of_no_page_is_refused(peer: Peer, four: tuple[str, list[str]]) -> None:
    request = contract.ListTriggerOperationsRequest(trigger_id=four[0], page_token="conformance")
    answer = peer.triggers.ListOperations(request)
    assert answer.code is Code.INVALID_ARGUMENT, f"ListOperations was answered {answer}"


@clause(
    "operations.list.token.bound-to-trigger",
    SHOULD,
    "ListOperations with the page_token of another trigger SHOULD be refused with "
    "INVALID_ARGUMENT.",
    source="AIP-158 (if any arguments are different, the API should send INVALID_ARGUMENT)",
    features=FEATURES,
)
def test_a_token_is_bound_to_its_trigger(
    changes: Changes, peer: Peer, four: tuple[str, list[str]]
) -> None:
    token = next(iter(operation_pages(peer, four[0], page_size=1))).next_page_token
    other, _ = _created(changes, peer)
    request = contract.ListTriggerOperationsRequest(trigger_id=other, page_token=token)
    answer = peer.triggers.ListOperations(request)
    assert answer.code is Code.INVALID_ARGUMENT, f"ListOperations was answered {answer}"


@clause(
    "operations.list.not-found",
    MUST,
    "ListOperations of an id that no trigger has MUST be refused with NOT_FOUND.",
    source="Yandex Cloud API design guide, Errors, NOT_FOUND",
    features=FEATURES,
)
def test_operations_of_no_trigger_are_not_found(changes: Changes, peer: Peer) -> None:
    request = contract.ListTriggerOperationsRequest(trigger_id=nobody(changes.create().id))
    answer = peer.triggers.ListOperations(request)
    assert answer.code is Code.NOT_FOUND, f"ListOperations was answered {answer}"


@clause(
    "operations.list.after-delete",
    MAY,
    "ListOperations of a trigger that was deleted MAY show its operations; known answers: it does "
    "(Tocsin), NOT_FOUND.",
    source="no page says what is answered",
    features=FEATURES,
)
def test_operations_may_outlive_the_trigger(changes: Changes, peer: Peer) -> None:
    trigger_id, created = _created(changes, peer)
    deleted = changes.delete(trigger_id).id
    shown = _ids(listed_operations(peer, trigger_id))
    assert set(shown) == {created, deleted}, f"the operations are {shown}"


@clause(
    "operations.list.order.newest-first",
    MAY,
    "ListOperations MAY show newer operations first; known answers: it does (Tocsin).",
    source="no page says in which order operations are listed",
    features=FEATURES,
)
def test_newer_operations_may_come_first(peer: Peer, four: tuple[str, list[str]]) -> None:
    trigger_id, made = four
    shown = _ids(listed_operations(peer, trigger_id))
    assert shown == made[::-1], f"done in the order {made}, but listed as {shown}"


@clause(
    "operations.list.order.by-time",
    SHOULD,
    "ListOperations SHOULD show the operations of a trigger in the order of their time, or in its "
    "reverse.",
    source=f"{GUIDE} (the history of operations)",
    features=FEATURES,
)
def test_operations_are_in_order(peer: Peer, four: tuple[str, list[str]]) -> None:
    trigger_id, made = four
    shown = _ids(listed_operations(peer, trigger_id))
    assert shown in (made, made[::-1]), f"done in the order {made}, but listed as {shown}"


@clause(
    "operations.list.refused-call",
    SHOULD,
    "ListOperations SHOULD NOT show a call that was refused as an operation that succeeded.",
    source="proto yandex.cloud.operation.Operation.result (the error in case of failure)",
    features=FEATURES,
)
def test_a_refused_call_is_no_success(changes: Changes, peer: Peer) -> None:
    trigger_id, created = _created(changes, peer)
    request = update_request(trigger_id, "description", description="x" * 501)
    changes.refused("Update", request, Code.INVALID_ARGUMENT)
    wrong = [
        operation.id
        for operation in listed_operations(peer, trigger_id)
        if operation.id != created and not operation.HasField("error")
    ]
    assert not wrong, f"the refused Update is listed as {wrong}"


@clause(
    "operations.list.filter",
    MAY,
    "ListOperations MAY refuse a filter; known answers: INVALID_ARGUMENT (Tocsin).",
    source=f"{PROTO}.ListTriggerOperationsRequest.filter (copied from List: operations have no "
    "name)",
    features=FEATURES,
)
def test_a_filter_may_be_refused(peer: Peer, four: tuple[str, list[str]]) -> None:
    request = contract.ListTriggerOperationsRequest(trigger_id=four[0], filter='name="conformance"')
    answer = peer.triggers.ListOperations(request)
    assert answer.code is Code.INVALID_ARGUMENT, f"ListOperations was answered {answer}"
