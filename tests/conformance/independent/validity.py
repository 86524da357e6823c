"""Checks messages against the options of the contract, for a server that is not Tocsin."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from tocsin_protos.yandex.cloud import validation_pb2 as rules

Violation = tuple[str, str]

UNITS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
NUMBER = r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?"


def violations(message: Any, above: str = "") -> Iterator[Violation]:
    """Yields the path and the fault of each option that a message breaks."""
    for oneof in message.DESCRIPTOR.oneofs:
        exactly_one = oneof.GetOptions().Extensions[rules.exactly_one]
        if exactly_one and message.WhichOneof(oneof.name) is None:
            yield above + oneof.name, "Exactly one of its members must be set"
    for field in message.DESCRIPTOR.fields:
        path, options = above + field.name, field.GetOptions().Extensions
        value = getattr(message, field.name)
        present = _present(message, field, value)
        if options[rules.required] and not present:
            yield path, "Field is required"
        elif field.is_repeated:
            yield from _of_many(value, field, options, path)
        elif present:
            yield from _of_one(value, options, path)


def _present(message: Any, field: FieldDescriptor, value: Any) -> bool:
    if field.is_repeated:
        return bool(len(value))
    return bool(message.HasField(field.name)) if field.has_presence else bool(value)


def _of_many(values: Any, field: FieldDescriptor, options: Any, path: str) -> Iterator[Violation]:
    if options[rules.size] and not _within(options[rules.size])(len(values)):
        yield path, f"Must have {options[rules.size]} elements"
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        for key in values:
            yield from _of_text(key, options[rules.map_key], path)
        values = list(values.values())
    elif options[rules.unique] and len(set(values)) < len(values):
        yield path, "Must not repeat an element"
    for value in values:
        yield from _of_one(value, options, path)


def _of_one(value: Any, options: Any, path: str) -> Iterator[Violation]:
    if options[rules.value] and not _within(options[rules.value])(_amount(value)):
        yield path, f"Must be {options[rules.value]}"
    if isinstance(value, str):
        spec = rules.MapKeySpec(pattern=options[rules.pattern], length=options[rules.length])
        yield from _of_text(value, spec, path)
        if options[rules.bytes] and not _within(options[rules.bytes])(len(value.encode())):
            yield path, f"Must have {options[rules.bytes]} bytes"
    elif hasattr(value, "DESCRIPTOR") and not isinstance(value, Duration):
        yield from violations(value, f"{path}.")


def _of_text(text: str, spec: Any, path: str) -> Iterator[Violation]:
    if spec.length and not _within(spec.length)(len(text)):
        yield path, f"Must have {spec.length} characters"
    if spec.pattern and not re.fullmatch(spec.pattern, text, re.ASCII):
        yield path, f"Must match {spec.pattern}"


def _amount(value: Any) -> float:
    return value.seconds + value.nanos / 1e9 if isinstance(value, Duration) else float(value)


def _within(text: str) -> Callable[[float], bool]:
    """Returns what tells whether a number is in a range such as `3-63`, `<=12h` or `>0`."""
    found = re.fullmatch(rf"(<=|>=|<|>)?{NUMBER}(?:-{NUMBER})?", text.replace(" ", ""))
    assert found is not None, f"the contract has the range {text}"
    sign, number, unit, end, end_unit = found.groups()
    low = float(number) * UNITS[unit or end_unit or ""]
    high = float(end) * UNITS[end_unit or unit or ""] if end else low
    compare: dict[str, Callable[[float], bool]] = {
        "<=": lambda n: n <= low,
        ">=": lambda n: n >= low,
        "<": lambda n: n < low,
        ">": lambda n: n > low,
    }
    return compare.get(sign or "", lambda n: low <= n <= high)


MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def is_cron(text: str) -> bool:
    """Returns whether a text is a cron expression of the vendor's form."""
    fields = text.upper().split()
    if len(fields) not in (5, 6):
        return False
    minute, hour, day, month, weekday, *year = fields
    if (day == "?") == (weekday == "?"):
        return False
    return (
        _listed(minute, 0, 59)
        and _listed(hour, 0, 23)
        and (
            re.fullmatch(r"\?|L|LW|L-\d+|([1-9]|[12]\d|3[01])W", day) is not None
            or _listed(day, 1, 31)
        )
        and _listed(month, 1, 12, MONTHS)
        and (
            re.fullmatch(r"\?|L|([1-7]|" + "|".join(DAYS) + r")(L|#[1-5])", weekday) is not None
            or _listed(weekday, 1, 7, DAYS)
        )
        and all(_listed(each, 1970, 2099) for each in year)
    )


def _listed(text: str, low: int, high: int, names: list[str] | None = None) -> bool:
    words = {name: number for number, name in enumerate(names or (), start=1)}

    def known(word: str) -> bool:
        return word in words or (word.isdigit() and low <= int(word) <= high)

    for part in text.split(","):
        base, slash, step = part.partition("/")
        if slash and not (step.isdigit() and int(step)):
            return False
        ends = base.split("-")
        if base != "*" and not (len(ends) <= 2 and all(known(end) for end in ends)):
            return False
    return True
