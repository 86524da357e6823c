"""Topic filters of MQTT: `+` is one level, `#` all that follow (MQTT 3.1.1, section 4.7)."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from tocsin.sources.kinds.definition import Comparison, Mismatch

# Of an id that stands in a topic, such as `$devices/<id>/events`.
NAMED_LEVELS = ("$devices", "$registries")


def problem_of_filter(topic_filter: str) -> str | None:
    """Returns what is wrong with a rule's topic filter, if anything is."""
    if "\0" in topic_filter:
        return "a topic can't have the character U+0000"
    levels = topic_filter.split("/")
    for place, level in enumerate(levels):
        if "#" in level and (level != "#" or place != len(levels) - 1):
            return "`#` must be the last level, and all of it"
        if "+" in level and level != "+":
            return "`+` must be all of its level"
    if len(levels) > 1 and levels[0] in NAMED_LEVELS and levels[1] == "+":
        return f"`+` can't stand for the id that follows {levels[0]}"
    return None


def matches(topic_filter: str, topic: str) -> bool:
    """Tells whether a topic matches a filter. One that can't be a filter matches nothing."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False  # what begins with `$` is only for those who name it
    for place, level in enumerate(wanted):
        if level == "#":
            return place == len(wanted) - 1
        if place == len(levels) or level not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


def mismatches(topic_filter: str, topic: str) -> Iterator[Mismatch]:
    if topic_filter and not matches(topic_filter, topic):
        yield Mismatch("mqtt_topic", Comparison.TOPIC, (topic_filter,), topic)


def overlap(one: str, other: str) -> bool:
    """Tells whether some topic matches both filters."""
    a, b = one.split("/"), other.split("/")
    if any(x[0] in ("+", "#") and y[0].startswith("$") for x, y in ((a, b), (b, a))):
        return False
    for place in range(max(len(a), len(b))):
        left, right = (each[place] if place < len(each) else None for each in (a, b))
        if "#" in (left, right):
            return True
        if left is None or right is None or ("+" not in (left, right) and left != right):
            return False
    return True


def joined(one: str, other: str) -> str:
    """Returns the narrowest filter that matches what two filters that overlap do."""
    a, b = one.split("/"), other.split("/")
    levels: list[str] = []
    for left, right in zip_longest(a, b):
        if "#" in (left, right):
            return "/".join([*levels, "#"])
        levels.append(left if left is not None and left == right else "+")
    return "/".join(levels)


def disjoint(filters: Iterable[str]) -> frozenset[str]:
    """Returns filters that match at least what these do, and no topic twice.

    A broker may send a message once for each subscription that it matches.
    """
    done: set[str] = set()
    wild: set[str] = set()
    waiting = sorted(set(filters), reverse=True)
    while waiting:
        each = waiting.pop()
        is_wild = "+" in each or "#" in each
        meets = [other for other in (done if is_wild else wild) if overlap(each, other)]
        if meets:
            for other in meets:
                done.discard(other)
                wild.discard(other)
                each = joined(each, other)
            waiting.append(each)
        else:
            done.add(each)
            if is_wild:
                wild.add(each)
    return frozenset(done)
