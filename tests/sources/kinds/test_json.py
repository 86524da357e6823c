"""The JSON of payloads is that of the standard encoder with an indent of two."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources.kinds.definition import dumps

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@given(VALUES)
def test_it_is_written_as_the_standard_encoder_does(value: object) -> None:
    assert dumps(value) == json.dumps(value, ensure_ascii=False, indent=2)
