"""Matches MQTT topic filters: `+` is one level, `#` all that follow (MQTT 3.1.1, section 4.7)."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from tocsin.sources.kinds.definition import Comparison, Mismatch

# Levels that an id follows, as in `$devices/<id>/events`.
NAMED_LEVELS = ("$devices", "$registries")
# Devices' own measurements, such as `$monitoring/<id>/json`, which feed no trigger.
MONITORING = "$monitoring"


def problem_of_filter(topic_filter: str) -> str | None:
    """Returns what is wrong with a rule's topic filter, if anything is."""
    if "\0" in topic_filter:
        return "a topic must not have the character U+0000"
    levels = topic_filter.split("/")
    for index, level in enumerate(levels):
        if "#" in level and (level != "#" or index != len(levels) - 1):
            return "`#` must be the last level, and all of it"
        if "+" in level and level != "+":
            return "`+` must be all of its level"
    if levels[0] == MONITORING:
        return f"topics below {MONITORING} can't feed a trigger"
    if len(levels) > 1 and levels[0] in NAMED_LEVELS and levels[1] == "+":
        return f"`+` can't stand for the id that follows {levels[0]}"
    return None


def matches(topic_filter: str, topic: str) -> bool:
    """Returns whether a topic matches a filter; an invalid filter matches nothing."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False  # a wildcard does not match a first level with `$`
    for index, level in enumerate(wanted):
        if level == "#":
            return index == len(wanted) - 1
        if index == len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def mismatches(topic_filter: str, topic: str) -> Iterator[Mismatch]:
    # A filter that is left out means every topic that a wildcard matches.
    left_out = not topic_filter and topic.partition("/")[0] == MONITORING
    if left_out or (topic_filter and not matches(topic_filter, topic)):
        yield Mismatch("mqtt_topic", Comparison.TOPIC, (topic_filter or "#",), topic)


def overlap(one: str, other: str) -> bool:
    """Returns whether any topic matches both filters."""
    a, b = one.split("/"), other.split("/")
    if any(x[0] in ("+", "#") and y[0].startswith("$") for x, y in ((a, b), (b, a))):
        return False
    for index in range(max(len(a), len(b))):
        left, right = (levels[index] if index < len(levels) else None for levels in (a, b))
        if "#" in (left, right):
            return True
        if left is None or right is None or ("+" not in (left, right) and left != right):
            return False
    return True


def joined(one: str, other: str) -> str:
    """Returns the narrowest filter that covers two overlapping filters."""
    a, b = one.split("/"), other.split("/")
    levels: list[str] = []
    for left, right in zip_longest(a, b):
        if "#" in (left, right):
            return "/".join([*levels, "#"])
        levels.append(left if left is not None and left == right else "+")
    return "/".join(levels)


def disjoint(filters: Iterable[str]) -> frozenset[str]:
    """Returns filters that together cover the given ones, and of which no two overlap.

    A broker may send a message once for each subscription that it matches.
    """
    done: set[str] = set()
    wild: set[str] = set()
    waiting = sorted(set(filters), reverse=True)
    while waiting:
        topic_filter = waiting.pop()
        is_wild = "+" in topic_filter or "#" in topic_filter
        meets = [other for other in (done if is_wild else wild) if overlap(topic_filter, other)]
        if meets:
            for other in meets:
                done.discard(other)
                wild.discard(other)
                topic_filter = joined(topic_filter, other)
            waiting.append(topic_filter)
        else:
            done.add(topic_filter)
            if is_wild:
                wild.add(topic_filter)
    return frozenset(done)
