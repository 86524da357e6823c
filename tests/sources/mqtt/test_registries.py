"""What is subscribed to, and what a message is of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.plans.plan import Source
from tocsin.sources.kinds.iot import (
    IotBrokerMessage,
    IotBrokerMessageSource,
    IotMessage,
    IotMessageSource,
)
from tocsin.sources.mqtt.registries import BrokerTopics
from tocsin.sources.mqtt.settings import BrokerSettings, RegistrySettings
from tocsin.sources.mqtt.topics import disjoint, matches, overlap

LEVELS = st.sampled_from(["a", "b", "", "$d"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join)
FILTERS = st.builds(
    lambda levels, rest: "/".join([*levels, "#"] if rest else levels),
    st.lists(st.one_of(LEVELS, st.just("+")), min_size=1, max_size=4),
    st.booleans(),
)


@given(st.lists(FILTERS, max_size=6), st.lists(TOPICS, max_size=20))
def test_each_topic_is_subscribed_to_once(filters: list[str], topics: list[str]) -> None:
    done = disjoint(filters)
    for topic in topics:
        found = sum(matches(each, topic) for each in done)
        wanted = any(matches(each, topic) for each in filters)
        assert found == 1 or (found == 0 and not wanted)


@given(FILTERS, FILTERS, TOPICS)
def test_filters_that_share_a_topic_overlap(one: str, other: str, topic: str) -> None:
    assert overlap(one, other) or not (matches(one, topic) and matches(other, topic))
    assert overlap(one, other) == overlap(other, one)


@pytest.mark.parametrize(
    ("filters", "subscribed"),
    [
        ([], set()),
        (["a", "a", "b"], {"a", "b"}),
        (["a/+", "+/b"], {"+/+"}),
        (["a/#", "a", "a/b/c", "b"], {"a/#", "b"}),
        (["#", "$d/+", "a"], {"#", "$d/+"}),
        (["a/+", "a/b", "c/#", "+/x"], {"+/#"}),
    ],
)
def test_filters_that_overlap_are_joined(filters: list[str], subscribed: set[str]) -> None:
    assert disjoint(filters) == subscribed


TOPICS = BrokerTopics.of(
    BrokerSettings(
        url="mqtt://127.0.0.1",
        brokers=["b"],
        registries={
            "r": RegistrySettings(),
            "f": RegistrySettings(devices="x/{device_id}/y", own="x-own"),
        },
    )
)


@pytest.mark.parametrize(
    ("source", "filters"),
    [
        (IotBrokerMessageSource("b"), ["#"]),
        (IotBrokerMessageSource("b", "a/+"), ["a/+"]),
        (IotMessageSource("r"), ["$devices/+/#", "$registries/r/#"]),
        (IotMessageSource("r", "d"), ["$devices/d/#"]),
        (IotMessageSource("r", "", "$devices/d/events"), ["$devices/d/events"]),
        (IotMessageSource("r", "d", "$devices/d/#"), ["$devices/d/#"]),
        (IotMessageSource("r", "d", "$devices/e/#"), []),
        (IotMessageSource("r", "", "alias"), []),
        (IotMessageSource("f"), ["x/+/y/#", "x-own/#"]),
        (IotMessageSource("f", "", "x/+/y/t"), ["x/+/y/t"]),
        (IotMessageSource("f", "", "#"), ["#"]),
    ],
)
def test_what_a_rule_needs(source: Source, filters: list[str]) -> None:
    assert TOPICS.has(source)
    assert list(TOPICS.filters(source)) == filters


def test_what_is_not_here() -> None:
    assert not TOPICS.has(IotBrokerMessageSource("r"))
    assert not TOPICS.has(IotMessageSource("b"))


@pytest.mark.parametrize(
    ("topic", "of"),
    [
        ("$devices/d/events", {("r", "d")}),
        ("$devices/d", {("r", "d")}),
        ("$devices", set()),
        ("$registries/r/events", {("r", "")}),
        ("$registries/q/events", set()),
        ("x/d/y/t/u", {("f", "d")}),
        ("x/d/z", set()),
        ("x-own", {("f", "")}),
        ("x-owner/t", set()),
    ],
)
def test_what_a_message_is_of(topic: str, of: set[tuple[str, str]]) -> None:
    events = list(TOPICS.events(topic, b"p"))
    assert IotBrokerMessage("b", topic, b"p") in events
    found = {(e.registry_id, e.device_id) for e in events if isinstance(e, IotMessage)}
    assert found == of
