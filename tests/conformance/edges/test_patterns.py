"""Strings on both sides of a pattern, made from the pattern alone."""

import re

import pytest

from tocsin.conformance.edges.patterns import PatternError, inside, outside

NAME = "|[a-z][-a-z0-9]{1,61}[a-z0-9]"
LABEL = r"[-_./\@0-9a-z]*"


@pytest.mark.parametrize("pattern", [NAME, LABEL, "[a-zA-Z][-a-zA-Z0-9_.]{1,62}", "a?b+", "x{3}"])
def test_each_string_is_on_its_side(pattern: str) -> None:
    assert inside(pattern)
    assert outside(pattern)
    assert all(re.fullmatch(pattern, text) for text in inside(pattern))
    assert not any(re.fullmatch(pattern, text) for text in outside(pattern))


def test_the_edges_of_a_name_are_among_them() -> None:
    assert {0, 3, 63} <= {len(text) for text in inside(NAME)}
    assert {2, 64} <= {len(text) for text in outside(NAME)}
    beyond = outside(NAME)
    assert any(text.endswith("\n") for text in beyond)
    assert any(text.startswith("0") for text in beyond)
    assert any(text.endswith("-") for text in beyond)
    assert any(text[1:-1] != text[1:-1].lower() for text in beyond)


def test_an_escaped_character_of_a_class_stands_for_itself() -> None:
    assert any("@" in text for text in inside(LABEL))
    assert any("\\" in text for text in outside(LABEL))


def test_strings_of_a_length() -> None:
    assert [len(text) for text in inside(NAME, 63)] == [63]
    assert inside(NAME, 64) == []
    assert [len(text) for text in inside(LABEL, 63)] == [63]


@pytest.mark.parametrize("pattern", ["(a|b)c", "[^a]", "a$"])
def test_another_form_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        outside(pattern + "(")
