"""Reads what lists show of stored triggers, whichever contract they belong to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from google.protobuf.message import DecodeError

from tocsin.compilers import triggers_v1
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a trigger without compiling its rule.

    `cron_expression` is that of a timer; empty for other kinds.
    """

    name: str
    kind: str
    paused: bool
    description: str
    labels: Mapping[str, str]
    created_at: datetime | None
    cron_expression: str


class Standing(NamedTuple):
    """What the filters of lists look at, at a fifth of the cost of a summary."""

    kind: str
    paused: bool


class Reader(NamedTuple):
    """Reads the stored messages of one contract; a ValueError says why one can't be read."""

    summary: Callable[[bytes], Summary]
    standing: Callable[[bytes], Standing]
    cron_expression: Callable[[bytes], str]


def reader_of(contract: str) -> Reader:
    """Returns the reader of a contract's messages.

    Raises:
        ValueError: this version does not know the contract.
    """
    reader = READERS.get(contract)
    if reader is None:
        raise ValueError(f"this version of the server does not know its contract, {contract}")
    return reader


def summary_of(contract: str, message: bytes) -> Summary:
    """Returns the summary of a stored trigger.

    Raises:
        ValueError: this version does not know the contract, or the message is not a trigger's.
    """
    return reader_of(contract).summary(message)


def words_of(text: str) -> list[str]:
    """Returns the words of a search, in the form in which texts are compared."""
    return text.casefold().split()


def may_have(message: bytes, words: Sequence[str]) -> bool:
    """Returns whether a stored message may have all words in its texts, at a tenth of the cost of
    looking at each.

    A text stands in a message as it is, after its length, whose last byte is below 128: so it is
    decoded as a whole, whatever stands before it.
    """
    content = message.decode(errors="replace").casefold()
    return all(word in content for word in words)


def has_words(trigger_id: str, summary: Summary, words: Sequence[str]) -> bool:
    """Returns whether all words stand in the id, the name, the description or the labels."""
    texts = [trigger_id, summary.name, summary.description]
    texts += [text for label in summary.labels.items() for text in label]
    # No text has a NUL, so no word is found across two.
    content = "\0".join(texts).casefold()
    return all(word in content for word in words)


def _trigger_v1(message: bytes) -> Trigger:
    try:
        return Trigger.FromString(message)
    except DecodeError as error:
        raise ValueError("it is not a trigger's message") from error


def _standing_v1(message: bytes) -> Standing:
    trigger = _trigger_v1(message)
    return Standing(trigger.rule.WhichOneof("rule") or "", trigger.status == Trigger.PAUSED)


def _cron_expression_v1(message: bytes) -> str:
    """Returns the cron expression of a timer; empty for other kinds."""
    return _trigger_v1(message).rule.timer.cron_expression


def _summary_v1(message: bytes) -> Summary:
    trigger = _trigger_v1(message)
    kind = trigger.rule.WhichOneof("rule") or ""
    return Summary(
        name=trigger.name,
        kind=kind,
        paused=trigger.status == Trigger.PAUSED,
        description=trigger.description,
        labels=trigger.labels,
        created_at=(trigger.created_at.ToDatetime(UTC) if trigger.HasField("created_at") else None),
        cron_expression=trigger.rule.timer.cron_expression if kind == "timer" else "",
    )


READERS = {triggers_v1.CONTRACT: Reader(_summary_v1, _standing_v1, _cron_expression_v1)}
