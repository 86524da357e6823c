"""Topic filters, held against another implementation's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from tocsin.sources.mqtt.topics import matches, problem_of_filter

LEVELS = st.sampled_from(["", "a", "b", "$a", "ab"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join)
FILTERS = st.tuples(
    st.lists(st.one_of(LEVELS, st.just("+")), max_size=4), st.sampled_from([[], ["#"]])
).map(lambda parts: "/".join([*parts[0], *parts[1]]))


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matched"),
    [
        # The examples of MQTT 3.1.1, section 4.7.
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "sport/tennis", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/x", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor/Clients", True),
        # The vendor's topics.
        ("$devices/dev/events/#", "$devices/dev/events", True),
        ("$devices/dev/+", "$devices/dev/state", True),
        ("$devices/dev/events", "$devices/dev/state", False),
        ("sport", "Sport", False),
        # Not a filter.
        ("a/#/b", "a/x/b", False),
    ],
)
def test_a_filter_matches_as_the_standard_says(
    topic_filter: str, topic: str, matched: bool
) -> None:
    assert matches(topic_filter, topic) is matched


@given(FILTERS, TOPICS)
@example("+/#", "$a/b")
@example("$a/#", "$a")
def test_a_filter_matches_as_for_others(topic_filter: str, topic: str) -> None:
    if topic_filter and topic:
        assert matches(topic_filter, topic) is topic_matches_sub(topic_filter, topic)


@pytest.mark.parametrize("topic_filter", ["#", "+", "a/+/b", "a/#", "/", "$devices/d/#", ""])
def test_a_filter_that_is_one(topic_filter: str) -> None:
    assert problem_of_filter(topic_filter) is None


@pytest.mark.parametrize(
    ("topic_filter", "problem"),
    [
        ("a/#/b", "`#` must be the last level"),
        ("a#", "`#` must be the last level"),
        ("a+/b", "`+` must be all of its level"),
        ("$devices/+", "can't stand for the id"),
        ("$registries/+/events", "can't stand for the id"),
        ("a\0", "U+0000"),
    ],
)
def test_a_filter_that_is_none_says_why(topic_filter: str, problem: str) -> None:
    assert problem in (problem_of_filter(topic_filter) or "")
