"""Checks a request against the rules that its own descriptor carries.

The rules are the `yandex.cloud` field and oneof options and `google.api.field_behavior`; no limit
of the contract is typed here. `validator` compiles a message type once into closures, one per field
that has something to check; fields and whole subtrees without a rule cost nothing per call.

A field counts as unset if it is an absent message, or a scalar without presence that holds its zero
value. An unset field is checked for `required` only, because such a scalar cannot say "no number":
clients send 0 where the contract says 1-1000 and mean "not set". Items of lists, map keys and map
values are always set, so their rules always apply. Output-only fields are ignored on input.

Beyond the options, two kinds of values are refused everywhere, as no client can mean them: enum
numbers that the contract does not define, and durations and timestamps that protobuf calls invalid
(they could not be printed later). The content of an Any is not checked.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto
from google.protobuf.message import Message

from tocsin.contract import ContractError
from tocsin.contract.options import Options, exactly_one_of, no_meaning
from tocsin.contract.ranges import (
    NANOS,
    Range,
    duration_nanos,
    parse_range,
    shown_duration,
    whole_number,
)

MOST_REPORTED = 100
"""About how many violations of one list or map are reported: enough for a person to read, and few
enough to keep the answer to a hostile request cheap."""

REQUIRED = "Field is required"

_SHOWN_KEY = 64

# These bounds stand in the prose of google/protobuf/duration.proto and timestamp.proto only.
_MOST_SECONDS = 315_576_000_000
_YEAR_1, _YEAR_9999_END = -62_135_596_800, 253_402_300_799


@dataclass(frozen=True, slots=True)
class Violation:
    """Describes one rule that a request breaks.

    `field` is a path in the contract's own names: `rule.timer.cron_expression`. An item of a list
    is `rule.logging.stream_name[0]`. An entry of a map is `labels[KEY]`, for its value and for its
    key alike (a description of the key begins with "Key"; a long key is cut). A oneof is its name
    behind the path of its message: `rule.timer.action`.
    """

    field: str
    description: str


def message(violations: Sequence[Violation]) -> str:
    """Formats violations as the vendor's clients expect: a head line, then a line for each."""
    return "\n".join(
        ["Validation failed:", *(f"  - {v.field}: {v.description}" for v in violations)]
    )


@cache
def validator(
    descriptor: Descriptor, only: frozenset[str] | None = None
) -> Callable[[Message], list[Violation]]:
    """Compiles a message type's rules into a function that lists the violations of a message.

    The list is empty for a valid message. Violations come in the order in which the contract
    declares the fields; those of map entries are sorted by key. A list or map with more items than
    its `size` allows gets one violation for its size and none for its items; MOST_REPORTED limits
    the others.

    Args:
        descriptor: the message type.
        only: names of the top-level fields to check; None checks them all.

    Raises:
        ContractError: an option cannot be read or makes no sense on its field, which the text
            names. No rule is silently dropped.
    """
    compiler = _Compiler()
    if only is None:
        return _inside(compiler.checks(descriptor))
    chosen = [field for field in descriptor.fields if field.name in only]
    return _inside([check for field in chosen for check in compiler.of_field(field)])


# Describes what is wrong with a present value, or returns None.
_Rule: TypeAlias = Callable[[Any], str | None]
# Lists the violations of a present value and of all inside it; the value itself has the path "".
_Examine: TypeAlias = Callable[[Any], Sequence[Violation]]
# Checks one field or oneof of a message and adds its violations to the list.
_Check: TypeAlias = Callable[[Any, list[Violation]], None]


class _Compiler:
    """Turns descriptors into checks; a type that contains itself shares its own unfinished list."""

    def __init__(self) -> None:
        self._compiled: dict[Descriptor, list[_Check]] = {}
        self._unfinished: set[Descriptor] = set()

    def checks(self, descriptor: Descriptor) -> list[_Check]:
        known = self._compiled.get(descriptor)
        if known is None:
            known = self._compiled[descriptor] = []
            self._unfinished.add(descriptor)
            known.extend(self._of_message(descriptor))
            self._unfinished.remove(descriptor)
        return known

    def _of_message(self, descriptor: Descriptor) -> Iterator[_Check]:
        declared = DescriptorProto()
        descriptor.CopyToProto(declared)
        # protoc makes up a oneof for each `optional` field; the contract declares no choice there.
        optional = {field.name for field in declared.field if field.proto3_optional}
        for field in descriptor.fields:
            oneof = field.containing_oneof
            if oneof is None or field.name in optional:
                yield from self.of_field(field)
            elif field.name == oneof.fields[0].name:
                yield from self._of_oneof(oneof)

    def _of_oneof(self, oneof: OneofDescriptor) -> Iterator[_Check]:
        exactly_one = exactly_one_of(oneof)
        members: dict[str, _Examine] = {}
        for field in oneof.fields:
            asked = Options.by(field)
            asked.only_for_one_value(field.full_name)
            if asked.required:
                raise no_meaning(field.full_name, "required")
            examine = None if asked.output_only else self._examine(field, asked, _FIELD)
            if examine is not None:
                members[field.name] = examine
        if exactly_one or members:
            choices = ", ".join(field.name for field in oneof.fields)
            missing = f"Exactly one of {choices} must be set" if exactly_one else None
            yield _choice(oneof.name, missing, members)

    def of_field(self, field: FieldDescriptor) -> Iterator[_Check]:
        asked = Options.by(field)
        if asked.output_only:
            return
        if field.is_repeated:
            yield from self._of_collection(field, asked)
            return
        asked.only_for_one_value(field.full_name)
        if asked.required and field.type == field.TYPE_BOOL and not field.has_presence:
            raise no_meaning(field.full_name, "required")
        examine = self._examine(field, asked, _FIELD)
        if asked.required or examine is not None:
            one_value = _if_present if field.has_presence else _if_nonzero
            yield one_value(field.name, asked.required, examine or _fine)

    def _of_collection(self, field: FieldDescriptor, asked: Options) -> Iterator[_Check]:
        size = None
        if asked.size is not None:
            size = parse_range(asked.size, whole_number, field.full_name, "size")
        if asked.required or size is not None:
            yield _count(field.name, asked.required, size)
        most = math.inf if size is None else size.high
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            yield from self._of_map(field, kind, asked, most)
        else:
            yield from self._of_list(field, asked, most)

    def _of_list(self, field: FieldDescriptor, asked: Options, most: float) -> Iterator[_Check]:
        if asked.map_key is not None:
            raise no_meaning(field.full_name, "map_key")
        if asked.unique:
            if field.message_type is not None:
                raise no_meaning(field.full_name, "unique")
            yield _unique(field.name)
        examine = self._examine(field, asked, _FIELD)
        if examine is not None:
            yield _items(field.name, most, examine)

    def _of_map(
        self, field: FieldDescriptor, entry: Descriptor, asked: Options, most: float
    ) -> Iterator[_Check]:
        if asked.unique:
            raise no_meaning(field.full_name, "unique")
        where = field.full_name
        key = self._examine(entry.fields_by_name["key"], asked.of_key(), _KEY, where)
        value = self._examine(entry.fields_by_name["value"], asked, _FIELD, where)
        if key is not None or value is not None:
            yield _entries(field.name, most, key or _fine, value or _fine)

    def _examine(
        self, kind: FieldDescriptor, asked: Options, words: "_Words", where: str = ""
    ) -> _Examine | None:
        """Returns the check of one value of a field's type; None if nothing is to be checked."""
        rules = tuple(_rules(kind, asked, words, where or kind.full_name))
        within = kind.message_type
        if within is None or within.full_name in (_DURATION, _TIMESTAMP):
            return _outside(rules) if rules else None
        checks = self.checks(within)
        # The list of a type that is still being compiled is empty only for now.
        if not checks and within not in self._unfinished:
            return _outside(rules) if rules else None
        return _both(_outside(rules), _inside(checks)) if rules else _inside(checks)


# --- Rules of one value -----------------------------------------------------------------------


class _Words(NamedTuple):
    """Holds the words that descriptions use for a value."""

    field: str
    length: str
    bytes: str
    value: str


_FIELD = _Words("Field", "Length", "Size", "Value")
_KEY = _Words("Key", "Key length", "Key size", "Key")
_DURATION = "google.protobuf.Duration"
_TIMESTAMP = "google.protobuf.Timestamp"
_INTEGERS = frozenset(
    {
        *(FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32),
        *(FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64),
        *(FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32),
        *(FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64),
    }
)


def _rules(kind: FieldDescriptor, asked: Options, words: _Words, where: str) -> Iterator[_Rule]:
    """Yields the rules for one value of a field's type; `where` names the field in errors."""
    text = kind.type == kind.TYPE_STRING
    inside = kind.message_type.full_name if kind.message_type is not None else None
    for option, meaningful in (
        ("value", kind.type in _INTEGERS or inside == _DURATION),
        ("length", text),
        ("bytes", text or kind.type == kind.TYPE_BYTES or inside is not None),
        ("pattern", text),
    ):
        if getattr(asked, option) is not None and not meaningful:
            raise no_meaning(where, option)
    limits = None
    if asked.value is not None:
        number = duration_nanos if inside == _DURATION else whole_number
        limits = parse_range(asked.value, number, where, "value")
    if inside == _DURATION:
        yield _duration(limits)
    elif limits is not None:
        yield _number(limits, words)
    if inside == _TIMESTAMP:
        yield _timestamp
    if kind.enum_type is not None:
        yield _known(kind.enum_type)
    if asked.length is not None:
        yield _length(parse_range(asked.length, whole_number, where, "length"), words)
    if asked.bytes is not None:
        yield _bytes(parse_range(asked.bytes, whole_number, where, "bytes"), words)
    if asked.pattern is not None:
        yield _pattern(asked.pattern, words, where)


def _pattern(pattern: str, words: _Words, where: str) -> _Rule:
    # The vendor's documentation has this wording.
    mismatch = f"{words.field} does not match the pattern /{pattern}/"
    try:
        # In RE2, for which these patterns are written, \d and \w are ASCII.
        matches = re.compile(pattern, re.ASCII).fullmatch
    except re.error as error:
        raise ContractError(f"{where}: option pattern says {pattern!r}: {error}") from error

    def rule(value: str) -> str | None:
        return None if matches(value) else mismatch

    return rule


def _length(limits: Range, words: _Words) -> _Rule:
    def rule(value: str) -> str | None:
        length = len(value)
        if limits.low <= length <= limits.high:
            return None
        return f"{words.length} must be {limits.text} characters, but was {length}"

    return rule


def _bytes(limits: Range, words: _Words) -> _Rule:
    def rule(value: str | bytes | Message) -> str | None:
        if isinstance(value, Message):
            size = value.ByteSize()
        else:
            size = len(value.encode() if isinstance(value, str) else value)
        if limits.low <= size <= limits.high:
            return None
        return f"{words.bytes} must be {limits.text} bytes, but was {size}"

    return rule


def _number(limits: Range, words: _Words) -> _Rule:
    def rule(value: int) -> str | None:
        if limits.low <= value <= limits.high:
            return None
        return f"{words.value} must be {limits.text}, but was {value}"

    return rule


def _known(enum: EnumDescriptor) -> _Rule:
    numbers = frozenset(enum.values_by_number)

    def rule(value: int) -> str | None:
        return None if value in numbers else f"Unknown value {value}"

    return rule


def _duration(limits: Range | None) -> _Rule:
    low, high = (limits.low, limits.high) if limits else (-math.inf, math.inf)

    def rule(value: Any) -> str | None:
        seconds, nanos = value.seconds, value.nanos
        if abs(seconds) > _MOST_SECONDS or abs(nanos) >= NANOS or seconds * nanos < 0:
            return (
                f"Duration must be within {_MOST_SECONDS}s, its nanos within a second and of the "
                f"same sign, but was {seconds} seconds and {nanos} nanos"
            )
        total = seconds * NANOS + nanos
        if limits is None or low <= total <= high:
            return None
        return f"Value must be {limits.text}, but was {shown_duration(total)}"

    return rule


def _timestamp(value: Any) -> str | None:
    if _YEAR_1 <= value.seconds <= _YEAR_9999_END and 0 <= value.nanos < NANOS:
        return None
    return (
        "Timestamp must be from year 1 to year 9999, its nanos from 0 to less than a second, "
        f"but was {value.seconds} seconds and {value.nanos} nanos"
    )


# --- Checks: rules applied to fields ----------------------------------------------------------


def _fine(_value: Any) -> Sequence[Violation]:
    return ()


def _outside(rules: Sequence[_Rule]) -> _Examine:
    """Returns a check of a value as a whole; it builds a list only for a value that fails."""

    def examine(value: Any) -> Sequence[Violation]:
        for rule in rules:
            if rule(value) is not None:
                return [Violation("", wrong) for ask in rules if (wrong := ask(value)) is not None]
        return ()

    return examine


def _inside(checks: Sequence[_Check]) -> Callable[[Any], list[Violation]]:
    """Returns a check of the fields of a message."""

    def examine(value: Any) -> list[Violation]:
        violations: list[Violation] = []
        for check in checks:
            check(value, violations)
        return violations

    return examine


def _both(one: _Examine, other: _Examine) -> _Examine:
    return lambda value: [*one(value), *other(value)]


def _below(parent: str, violations: Iterable[Violation]) -> Iterator[Violation]:
    for violation in violations:
        path = f"{parent}.{violation.field}" if violation.field else parent
        yield Violation(path, violation.description)


def _if_nonzero(name: str, required: bool, examine: _Examine) -> _Check:
    missing = Violation(name, REQUIRED)

    def check(parent: Any, violations: list[Violation]) -> None:
        value = getattr(parent, name)
        if value:
            wrong = examine(value)
            if wrong:
                violations.extend(_below(name, wrong))
        elif required:
            violations.append(missing)

    return check


def _if_present(name: str, required: bool, examine: _Examine) -> _Check:
    missing = Violation(name, REQUIRED)

    def check(parent: Any, violations: list[Violation]) -> None:
        if parent.HasField(name):
            wrong = examine(getattr(parent, name))
            if wrong:
                violations.extend(_below(name, wrong))
        elif required:
            violations.append(missing)

    return check


def _choice(name: str, missing: str | None, members: dict[str, _Examine]) -> _Check:
    def check(parent: Any, violations: list[Violation]) -> None:
        member = parent.WhichOneof(name)
        if member is not None:
            wrong = members.get(member, _fine)(getattr(parent, member))
            if wrong:
                violations.extend(_below(member, wrong))
        elif missing is not None:
            violations.append(Violation(name, missing))

    return check


def _count(name: str, required: bool, size: Range | None) -> _Check:
    def check(parent: Any, violations: list[Violation]) -> None:
        count = len(getattr(parent, name))
        if required and not count:
            violations.append(Violation(name, REQUIRED))
        elif size is not None and not size.low <= count <= size.high:
            wrong = f"Number of items must be {size.text}, but was {count}"
            violations.append(Violation(name, wrong))

    return check


def _unique(name: str) -> _Check:
    def check(parent: Any, violations: list[Violation]) -> None:
        items = getattr(parent, name)
        if len(set(items)) == len(items):
            return
        first: dict[Any, int] = {}
        for index, item in enumerate(items):
            if first.setdefault(item, index) != index:
                wrong = f"Items must be unique, but this one repeats item {first[item]}"
                violations.append(Violation(f"{name}[{index}]", wrong))
                return

    return check


def _items(name: str, most: float, examine: _Examine) -> _Check:
    def check(parent: Any, violations: list[Violation]) -> None:
        items = getattr(parent, name)
        if len(items) > most:
            return
        before = len(violations)
        for index, item in enumerate(items):
            wrong = examine(item)
            if wrong:
                violations.extend(_below(f"{name}[{index}]", wrong))
                if len(violations) - before >= MOST_REPORTED:
                    return

    return check


def _entries(name: str, most: float, examine_key: _Examine, examine_value: _Examine) -> _Check:
    def check(parent: Any, violations: list[Violation]) -> None:
        entries = getattr(parent, name)
        if len(entries) > most:
            return
        broken: list[tuple[Any, list[Violation]]] = []
        for key in entries:
            wrong_key, wrong_value = examine_key(key), examine_value(entries[key])
            if wrong_key or wrong_value:
                broken.append((key, [*wrong_key, *wrong_value]))
                if len(broken) >= MOST_REPORTED:
                    break
        for key, wrong in sorted(broken, key=itemgetter(0)):
            violations.extend(_below(f"{name}[{shown_key(key)}]", wrong))

    return check


def shown_key(key: object) -> str:
    """Formats a map key for a path: on one line, printable, and cut to 64 characters."""
    text = str(key)
    if len(text) > _SHOWN_KEY:
        text = text[:_SHOWN_KEY] + "…"
    return text if text.isprintable() else repr(text)[1:-1]
