"""Walks through lists, page by page."""

from collections.abc import Callable, Iterator
from typing import Any

from tocsin.conformance.peer import Answer, Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

MOST_PAGES = 500


def trigger_pages(peer: Peer, **fields: Any) -> Iterator[Any]:
    """Yields the pages of `TriggerService.List`; `fields` are those of the request.

    Raises:
        AssertionError: a page can't be had, a token comes twice, or there is no end.
    """
    request = contract.ListTriggersRequest(**{"folder_id": peer.folder, **fields})
    return _pages(peer.triggers.List, request)


def operation_pages(peer: Peer, trigger_id: str, **fields: Any) -> Iterator[Any]:
    """Yields the pages of `TriggerService.ListOperations`, as `trigger_pages` does."""
    request = contract.ListTriggerOperationsRequest(trigger_id=trigger_id, **fields)
    return _pages(peer.triggers.ListOperations, request)


def listed_triggers(peer: Peer, **fields: Any) -> list[Any]:
    """Returns the triggers of all pages."""
    return [trigger for page in trigger_pages(peer, **fields) for trigger in page.triggers]


def listed_operations(peer: Peer, trigger_id: str, **fields: Any) -> list[Any]:
    """Returns the operations of all pages."""
    pages = operation_pages(peer, trigger_id, **fields)
    return [operation for page in pages for operation in page.operations]


def _pages(call: Callable[[Any], Answer], request: Any) -> Iterator[Any]:
    tokens = {request.page_token}
    for _ in range(MOST_PAGES):
        answer = call(request)
        assert answer.ok, f"the page must be had, but was answered {answer}"
        page = answer.message
        yield page
        if not page.next_page_token:
            return
        assert page.next_page_token not in tokens, (
            f"the token {page.next_page_token!r} came twice: the list would have no end"
        )
        tokens.add(page.next_page_token)
        request.page_token = page.next_page_token
    raise AssertionError(f"after {MOST_PAGES} pages there is still a next_page_token")
