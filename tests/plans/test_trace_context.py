"""Each try of an invocation is a span of the invocation's trace."""

from tocsin.plans.trace_context import invocation_context, parse_traceparent, try_traceparent

ASKED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


def test_tries_share_the_trace_of_their_invocation_and_have_spans_of_their_own() -> None:
    tries = [parse_traceparent(try_traceparent("i1", None)) for _ in range(100)]
    assert {each.trace_id for each in tries if each} == {invocation_context("i1", None).trace_id}
    assert len({each.span_id for each in tries if each}) == 100


def test_a_try_belongs_to_the_trace_that_was_asked_for_and_is_recorded_if_that_is() -> None:
    made = parse_traceparent(try_traceparent("i1", ASKED))
    assert made is not None
    assert (made.trace_id, made.sampled) == ("4bf92f3577b34da6a3ce929d0e0e4736", False)


def test_a_traceparent_that_is_not_valid_counts_as_none() -> None:
    made = parse_traceparent(try_traceparent("i1", "00-nonsense"))
    assert made is not None
    assert made.trace_id == invocation_context("i1", None).trace_id
