"""Filters of operations: what a pattern matches, in time that does not grow with its stars."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.api.google.filters import operation_filter
from tocsin.wire.errors import ApiError
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo

INFO = ExecutionInfo()


def holds(text: str, name: str) -> bool:
    return operation_filter(text).holds(name, INFO)


@given(st.text("ab*", max_size=6), st.text("ab", max_size=6))
def test_an_equals_sign_means_all_of_a_field_with_anything_for_a_star(
    pattern: str, name: str
) -> None:
    assert holds(f'name = "{pattern}"', name) is fnmatchcase(name, pattern)


@given(st.text("ab*", max_size=6).filter(lambda text: text != "*"), st.text("ab", max_size=6))
def test_a_colon_means_a_part_of_a_field(pattern: str, name: str) -> None:
    assert holds(f'name:"{pattern}"', name) is fnmatchcase(name, f"*{pattern}*")


def test_a_star_after_a_colon_means_that_the_field_is_set() -> None:
    assert holds("name:*", "x")
    assert not holds("name:*", "")
    assert holds("NOT metadata.integration:*", "x")


def test_many_stars_take_no_time() -> None:
    assert not holds(f"name = {'a*' * 490}b", "a" * 490)


def test_an_and_without_a_second_condition_is_refused_in_these_words() -> None:
    with pytest.raises(ApiError, match="a condition is missing after AND"):
        operation_filter("done = true AND")


def test_two_conditions_without_a_word_between_them_must_both_hold() -> None:
    assert holds("name = ab name:a", "ab")
    assert not holds("name = ab NOT name:a", "ab")
    assert not holds("done = false -name:b  name = ab", "ab")


@pytest.mark.parametrize("text", ["name = a OR name = b", "name = a name", "name = a AND AND"])
def test_what_is_no_sequence_is_still_refused(text: str) -> None:
    with pytest.raises(ApiError):
        operation_filter(text)
