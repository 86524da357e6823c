"""Filters by AIP-160: how conditions are joined, with words and without."""

import pytest

from tocsin.api.google.expressions import Comparison, Test, compiled, parse_expression


def holds(text: str, **fields: str) -> bool:
    """Whether a filter of equalities holds for fields."""

    def equal(one: Comparison) -> Test[dict[str, str]]:
        return lambda fields: fields[one.field] == one.value

    return compiled(parse_expression(text), equal)(fields)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("a=1 b=2", "a=1 AND b=2"),
        ("a=1 b=2 OR c=3", "a=1 AND (b=2 OR c=3)"),
        ("(a=1 b=2) OR c=3", "(a=1 AND b=2) OR c=3"),
        ("a=1 NOT b=2", "a=1 AND NOT b=2"),
        ("a=1 -b=2 c=3", "a=1 AND NOT b=2 AND c=3"),
        ("a=1 (b=2)(c=3)", "a=1 AND b=2 AND c=3"),
    ],
)
def test_an_and_may_be_left_out(short: str, long: str) -> None:
    assert parse_expression(short) != parse_expression("a=1")
    for number in range(8):
        values = {"a": "01"[number & 1], "b": "02"[number >> 1 & 1], "c": "03"[number >> 2]}
        assert holds(short, **values) is holds(long, **values)


@pytest.mark.parametrize(
    "text", ["a=1 b", "a=1 AND", "a=1 AND AND b=2", "a=1 OR", "OR a=1", "a=1)", "(a=1", "a=1 ()"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a field|parenthesis|operator|value"):
        parse_expression(text)
