"""Compares messages field by field, and says what differs as a person reads it."""

from collections.abc import Collection, Iterator
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import Message

from tocsin.conformance.edges.rules import is_map


def differences(
    shown: Message, meant: Message, *, without: Collection[str] = (), lists: bool = True
) -> list[str]:
    """Lists the fields that differ, each with both of its values; empty if there are none.

    Args:
        shown: what the server answered.
        meant: what it has to be.
        without: paths that may differ, such as `rule.mail.email`.
        lists: whether repeated fields, which are no maps, are compared.
    """
    return list(_differences(shown, meant, "", set(without), lists))


def expect_same(
    shown: Message,
    meant: Message,
    what: str,
    *,
    without: Collection[str] = (),
    lists: bool = True,
) -> None:
    """Asks that a message is as it has to be.

    Args:
        shown, meant, without, lists: as for `differences`.
        what: names the message: "the trigger after Create".

    Raises:
        AssertionError: it is not, with a line for each field.
    """
    found = differences(shown, meant, without=without, lists=lists)
    if found:
        raise AssertionError("\n  ".join([f"{what} is not as it must be:", *found]))


def _differences(
    shown: Any, meant: Any, above: str, without: set[str], lists: bool
) -> Iterator[str]:
    for field in meant.DESCRIPTOR.fields:
        path = f"{above}{field.name}"
        if path in without or (field.is_repeated and not is_map(field) and not lists):
            continue
        one, other = (_value(message, field) for message in (shown, meant))
        if one == other:
            continue
        both = one is not None and other is not None
        if both and isinstance(one, Message) and not is_map(field):
            below = list(_differences(one, other, f"{path}.", without, lists))
            yield from below
        else:
            yield f"{path} is {_text(one)}, but must be {_text(other)}"


def _value(message: Any, field: Any) -> Any:
    """Returns a field's value; None for a message that is not there."""
    if field.is_repeated:
        value = getattr(message, field.name)
        return dict(value) if is_map(field) else list(value)
    if field.has_presence and not message.HasField(field.name):
        return None
    return getattr(message, field.name)


def _text(value: Any) -> str:
    if value is None:
        return "not there"
    if isinstance(value, Message):
        return f"{{{text_format.MessageToString(value, as_one_line=True, as_utf8=True)}}}"
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
