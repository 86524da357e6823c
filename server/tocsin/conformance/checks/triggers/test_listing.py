"""List shows the triggers of a folder, each once, page by page."""

import base64
import binascii
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.listing import listed_triggers, trigger_pages
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    ListTriggersRequest,
)

PROTO = "proto yandex.cloud.serverless.triggers.v1"
PAGES = "Yandex Cloud API design guide, Pagination"


def _ids(triggers: Any) -> list[str]:
    return [trigger.id for trigger in triggers]


@clause(
    "triggers.list.shows-new",
    MUST,
    "List MUST show a trigger once it has been created.",
    source=f"{PROTO}.TriggerService.List (the list of triggers in the specified folder)",
)
def test_list_shows_a_new_trigger(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    assert made.id in _ids(listed_triggers(peer)), f"List does not show {made.id}"


@clause(
    "triggers.list.hides-deleted",
    MUST,
    "List MUST NOT show a trigger that was deleted.",
    source=f"{PROTO}.TriggerService.Delete (deletes the specified trigger)",
)
def test_list_hides_a_deleted_trigger(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    changes.delete(made.id)
    assert made.id not in _ids(listed_triggers(peer)), f"List still shows {made.id}"


@clause(
    "triggers.list.shows-paused",
    MUST,
    "List MUST show a trigger that is paused.",
    source=f"{PROTO}.TriggerService.List (the list of triggers in the specified folder)",
    features=("pause",),
)
def test_list_shows_a_paused_trigger(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    changes.pause(made.id)
    assert made.id in _ids(listed_triggers(peer)), f"List does not show {made.id}, which is paused"


@clause(
    "triggers.list.of-one-folder",
    MUST,
    "List MUST show the triggers of the folder that was asked for alone.",
    source=f"{PROTO}.ListTriggersRequest.folder_id (the folder to list triggers in)",
    features=("second-folder",),
)
def test_list_shows_one_folder(changes: Changes, peer: Peer) -> None:
    here = changes.create()
    there = changes.create(folder_id=peer.other_folder)
    shown_here = _ids(listed_triggers(peer))
    shown_there = listed_triggers(peer, folder_id=peer.other_folder)
    assert here.id in shown_here, f"{peer.folder} does not show {here.id}"
    assert there.id not in shown_here, f"{peer.folder} shows {there.id} of {peer.other_folder}"
    strangers = {trigger.folder_id for trigger in shown_there} - {peer.other_folder}
    assert there.id in _ids(shown_there), f"{peer.other_folder} does not show {there.id}"
    assert not strangers, f"{peer.other_folder} shows triggers of {strangers}"


@clause(
    "triggers.list.folder-without-triggers",
    SHOULD,
    "List of a folder without triggers SHOULD be empty, NOT_FOUND or PERMISSION_DENIED.",
    source=f"{PROTO}.TriggerService.List; Yandex Cloud API design guide, Errors",
)
def test_a_folder_without_triggers_is_empty(peer: Peer) -> None:
    request = ListTriggersRequest(folder_id=peer.name("nothing-here"))
    answer = peer.triggers.List(request)
    if answer.ok:
        page = answer.message
        assert not page.triggers, f"List shows {page.triggers}"
        assert not page.next_page_token, f"an empty list has the token {page.next_page_token!r}"
    else:
        assert answer.code in (Code.NOT_FOUND, Code.PERMISSION_DENIED), f"List said {answer}"


@pytest.fixture
def five(changes: Changes) -> list[str]:
    """The ids of five triggers."""
    return [changes.create().id for _ in range(5)]


@clause(
    "triggers.list.page-size.most",
    MUST,
    "A page MUST NOT hold more triggers than page_size says.",
    source=f"{PROTO}.ListTriggersRequest.page_size (the maximum number of results per page)",
)
def test_a_page_holds_no_more_than_was_asked(peer: Peer, five: list[str]) -> None:
    for size in (1, 2, 4):
        for page in islice(trigger_pages(peer, page_size=size), 3):
            assert len(page.triggers) <= size, (
                f"with page_size {size} a page has {len(page.triggers)} triggers"
            )


@clause(
    "triggers.list.page-size.token-if-more",
    MUST,
    "A page that does not hold all triggers MUST have a next_page_token.",
    source=f"{PROTO}.ListTriggersRequest.page_size (if the number of available results is larger, "
    f"the service returns a next_page_token); {PAGES}",
)
def test_a_page_that_is_not_the_last_has_a_token(peer: Peer, five: list[str]) -> None:
    answer = peer.triggers.List(ListTriggersRequest(folder_id=peer.folder, page_size=2))
    assert answer.ok, f"List must succeed, but was answered {answer}"
    assert answer.message.next_page_token, "a page of 2 of 5 triggers has no next_page_token"


@clause(
    "triggers.list.pages.each-once",
    MUST,
    "The pages of a list that nobody changes MUST show each trigger exactly once.",
    source=f"{PROTO}.ListTriggersResponse.next_page_token (continue paging through the results)",
)
def test_pages_show_each_trigger_once(peer: Peer, five: list[str]) -> None:
    for size in (1, 2, 3):
        shown = _ids(listed_triggers(peer, page_size=size))
        counts = {trigger_id: shown.count(trigger_id) for trigger_id in five}
        assert set(counts.values()) == {1}, f"with page_size {size}, each came so often: {counts}"
        assert len(shown) == len(set(shown)), f"with page_size {size} some triggers came twice"


@clause(
    "triggers.list.pages.last-has-no-token",
    SHOULD,
    "A page behind which nothing follows SHOULD have no next_page_token.",
    source=f"{PROTO}.ListTriggersRequest.page_size (a token if the number of available results is "
    "larger); AIP-158 (it must be empty at the end, unless that can't be known in time)",
)
def test_the_last_page_has_no_token(peer: Peer, five: list[str]) -> None:
    total = len(listed_triggers(peer))
    # All in one page, and in pages of which the last is full.
    for size in (1000, total, 1):
        # What another check deletes meanwhile may leave a last page empty, but not three times.
        lasts = (list(trigger_pages(peer, page_size=min(size, 1000)))[-1] for _ in range(3))
        ended = any(last.triggers for last in lasts)
        assert ended, f"with page_size {size}, the last token led to an empty page"


@clause(
    "triggers.list.pages.size-may-change",
    MUST,
    "A request with a page_token and another page_size than before MUST be answered by its own.",
    source="AIP-158 (if the user changes the page_size in a request for subsequent pages, the "
    "service must honor the new page size)",
)
def test_the_page_size_may_change(peer: Peer, five: list[str]) -> None:
    first = next(iter(trigger_pages(peer, page_size=2)))
    for size in (1, 1000):
        rest = trigger_pages(peer, page_size=size, page_token=first.next_page_token)
        pages = list(rest if size == 1000 else islice(rest, 1))
        longest = max(len(page.triggers) for page in pages)
        assert longest <= size, f"with page_size {size} the second page has {longest} triggers"
        again = set(_ids(first.triggers)) & {each.id for page in pages for each in page.triggers}
        assert not again, f"the second page shows {again} of the first again"


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(
            size,
            id=str(size),
            marks=clause(
                f"triggers.list.page-size.{name}",
                MUST,
                f"List with a page_size of {size} MUST be refused with INVALID_ARGUMENT.",
                source=f"{PAGES} (possible values: from 0 to 1000); AIP-158 (a negative value must "
                "be INVALID_ARGUMENT)",
            ),
        )
        for name, size in (("negative", -1), ("most-negative", -(2**63)))
    ],
)
def test_a_negative_page_size_is_refused(peer: Peer, size: int) -> None:
    answer = peer.triggers.List(ListTriggersRequest(folder_id=peer.folder, page_size=size))
    assert answer.code is Code.INVALID_ARGUMENT, (
        f"List must be refused with INVALID_ARGUMENT, but was answered {answer}"
    )


@clause(
    "triggers.list.page-size.above-1000",
    MAY,
    "List with a page_size above 1000 MAY be refused, or taken as 1000; known answers: "
    "INVALID_ARGUMENT (Tocsin), 1000 (AIP-158).",
    source=f"{PAGES} (possible values: from 0 to 1000); AIP-158 (should coerce)",
)
def test_a_large_page_size_is_refused_or_cut(peer: Peer) -> None:
    answer = peer.triggers.List(ListTriggersRequest(folder_id=peer.folder, page_size=1001))
    assert answer.ok or answer.code is Code.INVALID_ARGUMENT, f"List said {answer}"


@clause(
    "triggers.list.page-size.1000",
    MUST,
    "List MUST take a page_size of 1000.",
    source=f"{PAGES} (possible values: from 0 to 1000)",
)
def test_the_largest_page_size_is_taken(peer: Peer) -> None:
    answer = peer.triggers.List(ListTriggersRequest(folder_id=peer.folder, page_size=1000))
    assert answer.ok, f"List must succeed, but was answered {answer}"


@pytest.fixture
def more_than_100(changes: Changes) -> Iterator[set[str]]:
    """The ids of 101 triggers."""
    with ThreadPoolExecutor(8) as pool:
        yield set(pool.map(lambda _: changes.create(name="").id, range(101)))


@clause(
    "triggers.list.page-size.default",
    MUST,
    "A page without a page_size, or with 0, MUST hold 100 triggers at most, and a token for the "
    "rest.",
    source=f"{PROTO}.ListTriggersRequest.page_size (default value: 100); {PAGES}",
)
def test_a_page_holds_100_at_most(peer: Peer, more_than_100: set[str]) -> None:
    for fields in ({}, {"page_size": 0}):
        first, *_ = pages = list(trigger_pages(peer, **fields))
        assert len(first.triggers) <= 100, f"the first page has {len(first.triggers)} triggers"
        assert first.next_page_token, "of more than 100 triggers, the first page has no token"
        shown = [trigger.id for page in pages for trigger in page.triggers]
        missing = more_than_100 - set(shown)
        assert not missing, f"the pages lack {len(missing)} of 101 triggers"


@clause(
    "triggers.list.page-size.fills",
    SHOULD,
    "A page SHOULD hold as many triggers as page_size says, by default 100, if there are more.",
    source=f"{PROTO}.ListTriggersRequest.page_size (default value: 100); {PAGES} (possible values: "
    "from 0 to 1000)",
)
def test_a_page_is_filled(peer: Peer, more_than_100: set[str]) -> None:
    for size, meant in ((0, 100), (7, 7), (101, 101)):
        first = next(iter(trigger_pages(peer, page_size=size)))
        assert len(first.triggers) == meant, (
            f"with page_size {size} the first page has {len(first.triggers)} triggers"
        )


@clause(
    "triggers.list.token.invalid",
    SHOULD,
    "List with a page_token that no page gave SHOULD be refused with INVALID_ARGUMENT.",
    source="AIP-158; Yandex Cloud API design guide, Errors, INVALID_ARGUMENT",
)
def test_a_token_of_no_page_is_refused(peer: Peer) -> None:
    for token in ("conformance", "AAAA", "1", "!"):
        request = ListTriggersRequest(folder_id=peer.folder, page_token=token)
        answer = peer.triggers.List(request)
        assert answer.code is Code.INVALID_ARGUMENT, (
            f"List with page_token {token!r} must be refused with INVALID_ARGUMENT, but was "
            f"answered {answer}"
        )


@clause(
    "triggers.list.token.bound-to-filter",
    SHOULD,
    "List with the page_token of another filter SHOULD be refused with INVALID_ARGUMENT.",
    source="AIP-158 (if any arguments are different, the API should send INVALID_ARGUMENT)",
    features=("filters",),
)
def test_a_token_is_bound_to_its_filter(peer: Peer, five: list[str]) -> None:
    _refused_elsewhere(peer, filter='name = "conformance"')


@clause(
    "triggers.list.token.bound-to-folder",
    SHOULD,
    "List with the page_token of another folder SHOULD be refused with INVALID_ARGUMENT.",
    source="AIP-158 (if any arguments are different, the API should send INVALID_ARGUMENT)",
    features=("second-folder",),
)
def test_a_token_is_bound_to_its_folder(peer: Peer, five: list[str]) -> None:
    _refused_elsewhere(peer, folder_id=peer.other_folder)


def _refused_elsewhere(peer: Peer, **fields: Any) -> None:
    request = ListTriggersRequest(folder_id=peer.folder, page_size=1)
    first = peer.triggers.List(request)
    assert first.ok, f"List must succeed, but was answered {first}"
    request.page_token = first.message.next_page_token
    request.MergeFrom(ListTriggersRequest(**fields))
    answer = peer.triggers.List(request)
    assert answer.code is Code.INVALID_ARGUMENT, (
        f"List must be refused with INVALID_ARGUMENT, but was answered {answer}"
    )


@clause(
    "triggers.list.token.opaque",
    SHOULD,
    "A next_page_token SHOULD NOT show what is listed, not even in Base64.",
    source="AIP-158 'Opacity' (must be opaque, must not be user-parseable)",
)
def test_a_token_shows_nothing(peer: Peer, five: list[str]) -> None:
    first = next(iter(trigger_pages(peer, page_size=1)))
    token = first.next_page_token
    readings = [token.encode(), *_decoded(token)]
    told = [first.triggers[0].id, peer.folder, *five]
    seen = [word for word in told if any(word.encode() in reading for reading in readings)]
    assert not seen, f"the token {token!r} shows {seen}"
    assert len(token) >= 10 or not token.isdigit(), f"the token {token!r} is a position"


def _decoded(token: str) -> Iterator[bytes]:
    padded = token + "=" * (-len(token) % 4)
    for decode in (base64.b64decode, base64.urlsafe_b64decode):
        try:
            yield decode(padded)
        except (binascii.Error, ValueError):
            continue
    if re.fullmatch("(?:[0-9a-fA-F]{2})+", token):
        yield bytes.fromhex(token)


@clause(
    "triggers.list.token.url-safe",
    SHOULD,
    "A next_page_token SHOULD consist of characters that need no escaping in a URL.",
    source="AIP-158 'Opacity' (URL-safe strings); RFC 3986, section 2.3",
)
def test_a_token_is_safe_in_urls(peer: Peer, five: list[str]) -> None:
    token = next(iter(trigger_pages(peer, page_size=1))).next_page_token
    assert re.fullmatch(r"[A-Za-z0-9._~=-]+", token), f"the token is {token!r}"


@clause(
    "triggers.list.token.repeatable",
    SHOULD,
    "A page_token SHOULD give the same page again while nobody changes the list.",
    source=f"{PROTO}.ListTriggersRequest.page_token; AIP-158",
)
def test_a_token_can_be_used_twice(peer: Peer, five: list[str]) -> None:
    token = next(iter(trigger_pages(peer, page_size=2))).next_page_token
    request = ListTriggersRequest(folder_id=peer.folder, page_size=2, page_token=token)
    one, other = peer.triggers.List(request), peer.triggers.List(request)
    for answer in (one, other):
        assert answer.ok, f"the page must be had twice, but was answered {one} and {other}"
    first, second = (
        [each for each in _ids(a.message.triggers) if each in five] for a in (one, other)
    )
    assert first == second, "the same token gave other triggers the second time"


@clause(
    "triggers.list.pages.stable",
    MAY,
    "Triggers that are deleted between two pages MAY hide others; known answers: they do not "
    "(Tocsin), they do (pages by offset).",
    source="no page says what becomes of a list that changes",
)
def test_a_deletion_hides_no_other(changes: Changes, peer: Peer, five: list[str]) -> None:
    pages = trigger_pages(peer, page_size=2)
    seen = _ids(next(pages).triggers)
    gone = [trigger_id for trigger_id in seen if trigger_id in five]
    for trigger_id in gone:
        changes.delete(trigger_id)
    seen += [trigger.id for page in pages for trigger in page.triggers]
    missing = set(five) - set(seen)
    assert not missing, f"the following pages do not show {missing}"


@clause(
    "triggers.list.order.oldest-first",
    MAY,
    "List MAY show older triggers first; known answers: it does (Tocsin).",
    source="no page says in which order triggers are listed",
)
def test_older_triggers_may_come_first(peer: Peer, five: list[str]) -> None:
    shown = [trigger_id for trigger_id in _ids(listed_triggers(peer)) if trigger_id in five]
    assert shown == five, f"made in the order {five}, but listed as {shown}"


@clause(
    "triggers.list.order.stable",
    SHOULD,
    "Two lists that nobody changes SHOULD have the same order.",
    source="AIP-158; AIP-132 'Ordering'",
)
def test_the_order_is_the_same_twice(peer: Peer, five: list[str]) -> None:
    one, other = (_ids(listed_triggers(peer, page_size=1000)) for _ in range(2))
    one, other = ([each for each in ids if each in five] for ids in (one, other))
    assert one == other, f"the first list is {one}, the second {other}"
