"""Durations go into messages and back, also those of clocks that run ahead."""

from datetime import timedelta

import pytest
from google.protobuf import json_format

from tocsin.wire.timestamps import from_duration, to_duration


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0s"),
        (1_500_000, "1.500s"),
        (-1, "-0.000001s"),
        (-1_500_000, "-1.500s"),
        (-3_000_000, "-3s"),
    ],
)
def test_a_duration_has_its_json_and_comes_back(micros: int, text: str) -> None:
    duration = timedelta(microseconds=micros)
    sent = to_duration(duration)
    assert json_format.MessageToDict(sent) == text
    assert from_duration(sent) == duration
