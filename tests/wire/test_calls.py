"""What is known of a call: built once, and only when somebody asks."""

from dataclasses import FrozenInstanceError, replace

import pytest

from stand.calls import Context, arrival, call
from tocsin.access.principal import Principal
from tocsin.plans.trace_context import SpanContext
from tocsin.wire.calls import (
    LONGEST_REQUEST_ID,
    Arrival,
    Call,
    refused_trace_id,
    server_trace_id,
)

SENT = SpanContext("a" * 32, "b" * 16)
OWN = SpanContext("c" * 32, "d" * 16)
TRACEPARENT = ("traceparent", SENT.header())


def test_metadata_are_read_once_and_only_when_asked_for() -> None:
    context = Context("", ("x-request-id", "mine"))
    arrived = Arrival(context)  # type: ignore[arg-type]
    assert context.built == 0
    assert arrived.request_id == "mine"
    assert arrived.metadata_value("traceparent") is None
    assert context.built == 1


def test_a_call_without_a_request_id_keeps_the_one_that_was_made_for_it() -> None:
    arrived = arrival()
    assert arrived.sent_request_id is None
    assert arrived.request_id == arrived.request_id == Call(arrived).request_id
    assert arrived.request_id != arrival().request_id


@pytest.mark.parametrize("sent", ["", "naïve", "two\nlines"])
def test_a_request_id_that_metadata_can_not_hold_is_replaced(sent: str) -> None:
    arrived = arrival("", ("x-request-id", sent))
    assert arrived.sent_request_id is None
    assert arrived.request_id not in ("", sent)


def test_a_long_request_id_is_cut() -> None:
    assert arrival("", ("x-request-id", "r" * 100)).request_id == "r" * LONGEST_REQUEST_ID


def test_bytes_in_metadata_are_read_as_text() -> None:
    assert call(("key", b"a\xff")).metadata_value("key") == "a\ufffd"


def test_work_belongs_under_the_calls_own_span_else_under_the_clients() -> None:
    arrived = arrival("", TRACEPARENT)
    assert Call(arrived).traceparent == SENT.header()
    assert server_trace_id(arrived) == ()
    assert refused_trace_id(arrived) == (("x-server-trace-id", SENT.trace_id),)
    arrived.span = OWN
    assert Call(arrived).traceparent == OWN.header()
    assert server_trace_id(arrived) == refused_trace_id(arrived)
    assert server_trace_id(arrived) == (("x-server-trace-id", OWN.trace_id),)


def test_a_refused_call_that_nobody_traces_is_found_by_its_request_id() -> None:
    arrived = arrival()
    assert call().traceparent is None
    assert refused_trace_id(arrived) == (("x-server-trace-id", arrived.request_id),)


def test_callers_choose_names_in_scopes_of_their_own() -> None:
    asked = call()
    assert (asked.caller_id, asked.scope("log")) == ("", "log")
    asked.arrival.caller = Principal("serviceAccount:aje1")
    assert asked.caller_id == "aje1"
    assert asked.scope("log") == "log serviceAccount:aje1"


def test_a_method_can_not_widen_what_it_may_show() -> None:
    narrow = replace(call(), sight=lambda resource: resource == "folders/b1g1")
    with pytest.raises(FrozenInstanceError):
        narrow.sight = None  # type: ignore[misc]
