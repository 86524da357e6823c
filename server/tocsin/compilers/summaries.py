"""Reads what lists show of stored triggers, whichever contract they belong to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

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


# Returns the summary of a stored message; a ValueError says why it has none.
Summarizer: TypeAlias = Callable[[bytes], Summary]


def summary_of(contract: str, message: bytes) -> Summary:
    """Returns the summary of a stored trigger.

    Raises:
        ValueError: this version does not know the contract, or the message is not a trigger's.
    """
    summarize = SUMMARIZERS.get(contract)
    if summarize is None:
        raise ValueError(f"this version of the server does not know its contract, {contract}")
    return summarize(message)


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


def _summary_v1(message: bytes) -> Summary:
    try:
        trigger = Trigger.FromString(message)
    except DecodeError as error:
        raise ValueError("it is not a trigger's message") from error
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


SUMMARIZERS: dict[str, Summarizer] = {triggers_v1.CONTRACT: _summary_v1}
