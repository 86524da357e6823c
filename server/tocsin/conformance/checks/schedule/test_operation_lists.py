"""ListOperations: pages, tokens, filters."""

from typing import Any
from urllib.parse import quote

import pytest
from google.longrunning import operations_pb2

from tocsin.conformance.checks.schedule.scheduler import Scheduler
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_error, expect_ok
from tocsin.conformance.peer import Answer

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

PROTO = "proto google/longrunning/operations.proto"


def list_clause(
    name: str, sentence: str, level: Level = MUST, *, source: str, **more: Any
) -> pytest.MarkDecorator:
    return clause(
        f"schedule.operations.{name}",
        level,
        sentence,
        source=source,
        features=("google-operations",),
        **more,
    )


def listed(scheduler: Scheduler, **fields: Any) -> Answer:
    request = operations_pb2.ListOperationsRequest(**{"name": scheduler.peer.location, **fields})
    answer: Answer = scheduler.peer.google_operations.ListOperations(request)
    return answer


def pages(scheduler: Scheduler, size: int) -> list[list[str]]:
    """Returns the names of all pages, to the end of the list."""
    return [[each.name for each in page.operations] for page in scheduler.pages(size)]


def made(scheduler: Scheduler, count: int) -> list[str]:
    return [scheduler.name(scheduler.one()) for _ in range(count)]


@list_clause(
    "has-what-waits",
    "ListOperations of a location MUST have the operations of what was scheduled there.",
    source=f"{PROTO}: ListOperations, 'Lists operations that match the specified filter'",
)
def test_what_waits_is_listed(scheduler: Scheduler) -> None:
    names = made(scheduler, 3)
    found = [name for page in pages(scheduler, 1000) for name in page]
    assert set(names) <= set(found)
    assert len(set(found)) == len(found), "an operation is listed twice"


@list_clause(
    "has-what-is-done",
    "ListOperations MUST have operations that are done too.",
    source=f"{PROTO}: 'On successful cancellation, the operation is not deleted'",
)
def test_what_is_done_is_listed(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    assert scheduler.name(execution_id) in {
        name for page in pages(scheduler, 1000) for name in page
    }


@list_clause(
    "of-one-location",
    "ListOperations MUST NOT have operations of another location.",
    source=f"{PROTO}: ListOperationsRequest.name, 'The name of the operation's parent resource'",
)
def test_another_location_is_not_listed(scheduler: Scheduler) -> None:
    [name] = made(scheduler, 1)
    elsewhere = scheduler.peer.location + "-elsewhere"
    answer = listed(scheduler, name=elsewhere)
    if answer.ok:
        shown = [each.name for each in answer.message.operations]
        assert name not in shown
        here = [each for each in shown if not each.startswith(f"{elsewhere}/operations/")]
        assert not here, f"the list of {elsewhere} has {here}"
    else:
        expect_error(answer, Code.NOT_FOUND, Code.PERMISSION_DENIED)


@list_clause(
    "page-size.kept",
    "A page MUST NOT have more operations than page_size says.",
    source="AIP-158: page_size is 'the maximum number of results'",
)
def test_a_page_is_not_larger_than_asked(scheduler: Scheduler) -> None:
    made(scheduler, 3)
    assert len(expect_ok(listed(scheduler, page_size=2)).operations) <= 2


@list_clause(
    "pages.complete",
    "The pages of a list MUST have each operation once.",
    source="AIP-158: pages; only an empty next_page_token ends the list",
)
def test_pages_are_the_list(scheduler: Scheduler) -> None:
    names = made(scheduler, 5)
    found = [name for page in pages(scheduler, 2) for name in page]
    assert set(names) <= set(found)
    assert len(set(found)) == len(found), "an operation is on two pages"


@list_clause(
    "page-size.default",
    "ListOperations without page_size MUST be answered with a page of the server's own size.",
    source="AIP-158: 'If the user does not specify page_size, the API chooses a default'",
)
def test_without_a_size_there_is_a_page(scheduler: Scheduler) -> None:
    made(scheduler, 1)
    assert expect_ok(listed(scheduler)).operations


@list_clause(
    "page-size.coerced",
    "A page_size above the server's maximum MUST NOT be refused.",
    source="AIP-158: 'If the user specifies page_size greater than the maximum, the API should "
    "coerce down'",
)
def test_a_large_size_is_taken(scheduler: Scheduler) -> None:
    made(scheduler, 1)
    assert expect_ok(listed(scheduler, page_size=2**31 - 1)).operations


@list_clause(
    "page-size.negative",
    "A negative page_size MUST be refused with INVALID_ARGUMENT.",
    source="AIP-158: 'If the user specifies a negative value, the API must send INVALID_ARGUMENT'",
)
def test_a_negative_size_is_refused(scheduler: Scheduler) -> None:
    expect_error(listed(scheduler, page_size=-1), Code.INVALID_ARGUMENT)


@list_clause(
    "page-size.changed",
    "The page_size MAY change from page to page; known answers to another one are pages of that "
    "size, and nothing is lost.",
    MAY,
    source="AIP-158: 'The user may change page_size in subsequent pages'",
)
def test_the_size_changes_from_page_to_page(scheduler: Scheduler) -> None:
    names = made(scheduler, 3)
    first = expect_ok(listed(scheduler, page_size=1))
    found = [each.name for each in first.operations]
    token, size = first.next_page_token, 2
    while token and size < 1000:
        page = expect_ok(listed(scheduler, page_size=size, page_token=token))
        found += [each.name for each in page.operations]
        token, size = page.next_page_token, size + 1
    assert set(names) <= set(found)


@list_clause(
    "token.url-safe",
    "A page token MUST be safe in a URL.",
    source="AIP-158: 'The page token must be URL-safe'",
)
def test_a_token_is_url_safe(scheduler: Scheduler) -> None:
    made(scheduler, 2)
    token = expect_ok(listed(scheduler, page_size=1)).next_page_token
    assert token
    assert quote(token, safe="-._~=") == token


TOKENS = {
    "garbage": (lambda _: "garbage", "that the server did not give"),
    "cut": (lambda token: token[: len(token) // 2], "that is cut off"),
    "not-ascii": (lambda _: "ж", "that is not ASCII"),
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            change,
            marks=list_clause(
                f"token.{id}",
                f"A page token {what} MUST be refused with INVALID_ARGUMENT.",
                source="AIP-158: page_token is 'received from a previous call'; "
                "googleapis/gapic-showcase: 'The field `page_token` is invalid.'",
            ),
        )
        for id, (change, what) in TOKENS.items()
    ],
)
def test_another_token_is_refused(scheduler: Scheduler, change: Any) -> None:
    made(scheduler, 2)
    token = expect_ok(listed(scheduler, page_size=1)).next_page_token
    expect_error(listed(scheduler, page_token=change(token)), Code.INVALID_ARGUMENT)


@list_clause(
    "token.other-arguments",
    "A page token with another filter SHOULD be refused with INVALID_ARGUMENT.",
    SHOULD,
    source="AIP-158: 'all other arguments must be the same; if any are different, the API should "
    "send INVALID_ARGUMENT'",
)
def test_a_token_of_other_arguments_is_refused(scheduler: Scheduler) -> None:
    made(scheduler, 2)
    token = expect_ok(listed(scheduler, page_size=1)).next_page_token
    answer = listed(scheduler, page_token=token, filter="done = false")
    expect_error(answer, Code.INVALID_ARGUMENT)


@list_clause(
    "token.other-parent",
    "A page token of one location MUST NOT show operations of it in the list of another.",
    source="AIP-158; " + PROTO + ": ListOperationsRequest.name",
)
def test_a_token_of_another_parent(scheduler: Scheduler) -> None:
    names = made(scheduler, 2)
    token = expect_ok(listed(scheduler, page_size=1)).next_page_token
    elsewhere = scheduler.peer.location + "-elsewhere"
    answer = listed(scheduler, name=elsewhere, page_token=token)
    if answer.ok:
        assert not set(names) & {each.name for each in answer.message.operations}


FILTERS: dict[str, tuple[str, bool]] = {
    "done-true": ("done = true", True),
    "done-false": ("done = false", False),
    "not-done": ("NOT done = true", False),
}


@pytest.mark.parametrize(
    ("text", "is_done"),
    [
        pytest.param(
            text,
            is_done,
            marks=list_clause(
                f"filter.{id}",
                f"The filter `{text}` SHOULD list what is {'' if done else 'not '}done, alone.",
                SHOULD,
                source=f"AIP-160; {PROTO}: filter is 'The standard list filter'",
            ),
        )
        for id, (text, done) in FILTERS.items()
        for is_done in (done,)
    ],
)
def test_a_filter_is_kept(scheduler: Scheduler, text: str, is_done: bool) -> None:
    waiting, cancelled = scheduler.one(), scheduler.one()
    expect_ok(scheduler.cancel(cancelled))
    wanted, other = (cancelled, waiting) if is_done else (waiting, cancelled)
    found: set[str] = set()
    for page in scheduler.pages(1000, filter=text):
        found |= {each.name for each in page.operations}
        assert all(each.done == is_done for each in page.operations)
    assert scheduler.name(wanted) in found
    assert scheduler.name(other) not in found


BAD_FILTERS = {
    "broken": ("done = true AND", "that ends too early"),
    "unclosed": ('name = "a', "whose text is not closed"),
    "no-field": ("no_such_field = 1", "of a field that does not exist"),
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text,
            marks=list_clause(
                f"filter.{id}",
                f"A filter {what} MUST be refused with INVALID_ARGUMENT.",
                source="AIP-160: 'if the filter is not valid, the API must send INVALID_ARGUMENT'",
            ),
        )
        for id, (text, what) in BAD_FILTERS.items()
    ],
)
def test_a_bad_filter_is_refused(scheduler: Scheduler, text: str) -> None:
    expect_error(listed(scheduler, filter=text), Code.INVALID_ARGUMENT)


@list_clause(
    "partial-success",
    "return_partial_success MUST be refused with UNIMPLEMENTED where it is not supported.",
    source=f"{PROTO}: 'This field is not by default supported and will result in an "
    "UNIMPLEMENTED error if set'",
    unimplemented=True,
)
def test_partial_success_is_refused(scheduler: Scheduler) -> None:
    expect_error(listed(scheduler, return_partial_success=True), Code.UNIMPLEMENTED)


@list_clause(
    "parent.other-form",
    "ListOperations of a name that is no location MUST be refused with INVALID_ARGUMENT or "
    "NOT_FOUND.",
    source=f"{PROTO}: ListOperationsRequest.name; AIP-193",
)
def test_a_parent_of_another_form_is_refused(scheduler: Scheduler) -> None:
    expect_error(
        listed(scheduler, name="projects/p/nothing/l"), Code.INVALID_ARGUMENT, Code.NOT_FOUND
    )
