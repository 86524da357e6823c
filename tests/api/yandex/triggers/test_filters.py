"""The filter of lists: what its grammar means, and what it does not take."""

import pytest

from tocsin.api.yandex.triggers.filters import name_filter
from tocsin.api.yandex.triggers.message import is_name
from tocsin.wire.errors import ApiError

NAMES = ["alpha", "beta", "gamma", ""]
GOOD_FILTERS = {
    "": ["alpha", "beta", "gamma", ""],
    " ": ["alpha", "beta", "gamma", ""],
    'name = "alpha"': ["alpha"],
    'name="alpha"': ["alpha"],
    "name = 'alpha'": ["alpha"],
    "name=alpha": ["alpha"],
    '  name\t=  "alpha" ': ["alpha"],
    'name = "nobody"': [],
    'name != "alpha"': ["beta", "gamma", ""],
    'name IN ("alpha", "gamma")': ["alpha", "gamma"],
    "name in (gamma,alpha)": ["alpha", "gamma"],
    'name IN ("nobody")': [],
    'name NOT IN ("alpha", "beta")': ["gamma", ""],
    'name not in ("alpha")': ["beta", "gamma", ""],
    'name = "alpha" AND name = "alpha"': ["alpha"],
    'name = "alpha" AND name = "beta"': [],
    'name != "alpha" and name != "beta"': ["gamma", ""],
    'name IN ("alpha", "beta") AND name != "alpha"': ["beta"],
    'name != "and"': ["alpha", "beta", "gamma", ""],
}
BAD_FILTERS = [
    "name",
    "name =",
    '= "alpha"',
    '"name" = "alpha"',
    'id = "alpha"',
    'NAME = "alpha"',
    'name > "alpha"',
    'name : "alpha"',
    'name == "alpha"',
    'name = = "alpha"',
    'name = "alpha" OR name = "beta"',
    'name = "alpha" name = "beta"',
    'name = "alpha", name = "beta"',
    'name = "alpha" AND',
    'AND name = "alpha"',
    'NOT name = "alpha"',
    'name NOT "alpha"',
    'name NOT = "alpha"',
    "name IN ()",
    'name IN "alpha"',
    'name IN ("alpha"',
    'name IN ("alpha" "beta")',
    'name IN ("alpha",)',
    '(name = "alpha")',
    'name = "alpha',
    'name = ""',
    'name = "ab"',
    'name = "Not A Name"',
    "name = 1",
    "x" * 1001,
]


@pytest.mark.parametrize(("text", "expected"), GOOD_FILTERS.items())
def test_a_filter_finds(text: str, expected: list[str]) -> None:
    asked = name_filter(text, is_name)
    found = [
        name
        for name in NAMES
        if (asked.included is None or name in asked.included) and name not in asked.excluded
    ]
    assert found == expected


@pytest.mark.parametrize("text", BAD_FILTERS)
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        name_filter(text, is_name)
    [violation] = refused.value.violations
    assert violation.field == "filter"
    assert 'name = "my-trigger"' in violation.description
