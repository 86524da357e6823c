"""Finds values on both sides of a rule: just allowed, and just not."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from tocsin.conformance.edges.crons import SHORTEST_CRON, cron_of_length
from tocsin.conformance.edges.patterns import inside, outside
from tocsin.conformance.edges.rules import Rule, is_map, option
from tocsin.contract.ranges import NANOS, Range, duration_nanos, parse_range, whole_number

_LETTERS = "conformance"
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Edge:
    """A value for a field; `words` say what it is, for a message about a failure."""

    value: Any
    words: str


def allowed(rule: Rule) -> list[Edge]:
    """Returns values that keep a rule and all others of the field."""
    return list(_allowed(rule))


def forbidden(rule: Rule) -> list[Edge]:
    """Returns values that break the rule, and no other of the field if that can be.

    A number that is 0 and a text that is empty are left out in proto3, so neither is among them;
    whether a range holds for them is written nowhere.
    """
    return list(_forbidden(rule))


def _allowed(rule: Rule) -> Iterator[Edge]:
    match rule.option:
        case "length" | "map_key.length":
            low, high, _ = _bounds(rule)
            for length in _between(low, high):
                if rule.field.name == "cron_expression" and length < SHORTEST_CRON:
                    continue
                text = _of_length(rule, length)
                yield Edge(_placed(rule, text), f"{length} characters")
        case "pattern" | "map_key.pattern":
            for text in _fitting(rule, inside(rule.text)):
                yield Edge(_placed(rule, text), repr(text))
        case "size":
            low, high, _ = _bounds(rule)
            for count in _between(low, high):
                yield Edge(_many(rule.field, count), f"{count} items")
        case "value":
            low, high, _ = _bounds(rule)
            # Whole seconds: a service may keep no more.
            step = NANOS if rule.field.message_type is not None else 1
            for number in _between(low, high, step):
                yield Edge(_number(rule.field, number), _shown(rule.field, number))


def _forbidden(rule: Rule) -> Iterator[Edge]:
    match rule.option:
        case "length" | "map_key.length":
            low, high, _ = _bounds(rule)
            if low > 1:
                yield Edge(_placed(rule, _of_length(rule, int(low) - 1)), f"{low - 1} characters")
            if high < math.inf:
                text = _of_length(rule, int(high) + 1)
                yield Edge(_placed(rule, text), f"{int(high) + 1} characters")
        case "pattern" | "map_key.pattern":
            beyond = list(_fitting(rule, outside(rule.text)))
            for text in beyond:
                yield Edge(_placed(rule, text), repr(text))
            if rule.field.is_repeated and not is_map(rule.field):
                value = [inside(rule.text)[-1], beyond[0]]
                yield Edge(value, f"{beyond[0]!r} as the second item")
        case "size":
            low, high, _ = _bounds(rule)
            if low > 0:
                yield Edge(_many(rule.field, int(low) - 1), f"{low - 1} items")
            if high < math.inf:
                yield Edge(_many(rule.field, int(high) + 1), f"{high + 1} items")
        case "value":
            yield from _numbers_outside(rule)


def _numbers_outside(rule: Rule) -> Iterator[Edge]:
    low, high, _ = _bounds(rule)
    duration = rule.field.message_type is not None
    numbers = []
    if low > -math.inf:
        numbers += [low - 1, 0, -NANOS] if duration else [low - 1, -1, -_INT64]
    if high < math.inf:
        numbers += [high + 1, high * 100] if duration else [high + 1, _INT64 - 1]
    for number in dict.fromkeys(map(int, numbers)):
        if (number or duration) and not low <= number <= high:
            yield Edge(_number(rule.field, number), _shown(rule.field, number))


def _bounds(rule: Rule) -> Range:
    duration = rule.option == "value" and rule.field.message_type is not None
    number = duration_nanos if duration else whole_number
    return parse_range(rule.text, number, rule.declared, rule.option)


def _between(low: float, high: float, step: int = 1) -> list[int]:
    """Returns the ends of a range that it has, and what is next to them within it."""
    ends = []
    if low > -math.inf:
        ends += [low, low + step]
    if high < math.inf:
        ends += [high - step, high]
    return sorted({int(end) for end in ends if low <= end <= high})


def _of_length(rule: Rule, length: int) -> str:
    """Returns a text of that length that matches the field's pattern, if it has one."""
    of_key = rule.option.startswith("map_key.")
    pattern = option(rule.field, "map_key.pattern" if of_key else "pattern")
    if rule.field.name == "cron_expression":
        return cron_of_length(length)
    if pattern is None:
        return (_LETTERS * (length // len(_LETTERS) + 1))[:length]
    [text, *_] = inside(pattern, length)
    return text


def _fitting(rule: Rule, texts: Sequence[str]) -> Iterator[str]:
    """Yields those texts that keep the length that the field asks for."""
    of_key = rule.option.startswith("map_key.")
    length = option(rule.field, "map_key.length" if of_key else "length")
    asked = parse_range(length or ">=0", whole_number, rule.declared, "length")
    for text in texts:
        if asked.low <= len(text) <= asked.high:
            yield text


def _placed(rule: Rule, text: str) -> Any:
    """Returns a field's value that holds a text: the text, a list with it, or a map with it."""
    if is_map(rule.field):
        if rule.option.startswith("map_key."):
            return {text: "value"}
        return {"key": text}
    return [text] if rule.field.is_repeated else text


def _many(field: FieldDescriptor, count: int) -> Any:
    if is_map(field):
        return {f"key{index}": f"value{index}" for index in range(count)}
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values if value.number]
        return [numbers[index % len(numbers)] for index in range(count)]
    return [f"item-{index}" for index in range(count)]


def _number(field: FieldDescriptor, number: int) -> Any:
    if field.message_type is None:
        return number
    # Both parts of a duration have the same sign.
    seconds, nanos = divmod(abs(number), NANOS)
    sign = -1 if number < 0 else 1
    return Duration(seconds=sign * seconds, nanos=sign * nanos)


def _shown(field: FieldDescriptor, number: int) -> str:
    return str(number) if field.message_type is None else f"{number / NANOS:.9f} s"
