"""Topic filters of MQTT: `+` is one level, `#` all that follow (MQTT 3.1.1, section 4.7)."""

from collections.abc import Iterator

from tocsin.sources.kind import Comparison, Mismatch

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
