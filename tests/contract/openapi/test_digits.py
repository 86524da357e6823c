"""A range of whole numbers as a regular expression matches these numbers and no others."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.contract.openapi.digits import range_pattern

ENDS = st.integers(-(2**64), 2**64) | st.integers(-200, 1200)


@given(ENDS, ENDS, ENDS)
@example(0, 0, 0)
@example(1, 1000, 1001)
@example(-(2**63), 2**63 - 1, 2**63)
@example(-5, -2, 0)
def test_it_matches_the_numbers_of_the_range(one: int, other: int, number: int) -> None:
    low, high = sorted((one, other))
    matches = re.compile(range_pattern(low, high), re.ASCII).fullmatch
    for each in (number, low, high, low - 1, high + 1):
        assert bool(matches(str(each))) == (low <= each <= high)


@given(st.integers(0, 2**63))
def test_other_forms_of_a_number_do_not_match(number: int) -> None:
    matches = re.compile(range_pattern(-(2**63), 2**63), re.ASCII).fullmatch
    for form in (f"0{number}", f"+{number}", f" {number}", f"{number}.0", f"{number}\n", ""):
        assert not matches(form)
