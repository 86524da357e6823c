"""Puts dead letters into their queues, by the SQS protocol."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from tocsin.outgoing.amazon import PUTTING, Clients, words
from tocsin.outgoing.queue_urls import asked_url, configured_url
from tocsin.outgoing.reach import Reach
from tocsin.outgoing.shortage import shortage_of
from tocsin.printable import printable
from tocsin.targets.not_called import NotCalled
from tocsin.targets.settings import DeadLetterSettings

# The protocol limits attributes and bodies; an error needs less.
LONGEST_ERROR = 500
LARGEST_BODY = 250 * 1024
# What queues refuse: halves of surrogate pairs, and what Unicode says is no character. JSON escapes
# control characters by itself.
NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
# Bounds one message, however slowly its queue answers.
MESSAGE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Holds a dead letter: the payload of the failed calls, and its attributes."""

    queue_id: str
    payload: bytes
    trigger_id: str
    invocation_id: str
    attempts: int
    error: str


class DeadLetterQueues:
    """Puts dead letters into queues of one endpoint; the first letter opens the client."""

    def __init__(self, settings: DeadLetterSettings, reach: Reach) -> None:
        self._settings = settings
        self._clients = Clients("sqs", settings, reach, PUTTING)

    async def close(self) -> None:
        """Closes the connections; a later letter opens them again."""
        await self._clients.close()

    async def put(self, letter: DeadLetter) -> str | None:
        """Puts one message for each event of the payload; returns the error, or None on success.

        A failed try is repeated as a whole, so a message may be put twice but is never missing.

        Raises:
            NotCalled: this node lacks something to make the call with.
        """
        if refusal := self._settings.refusal(letter.queue_id):
            return refusal
        try:
            if self._settings.endpoint is None:
                raise LookupError("no queue service is configured: set endpoint in [dead_letters]")
            client = await self._clients.of(self._settings.endpoint)
            async with asyncio.timeout(MESSAGE_SECONDS):
                url = await self._url(client, letter.queue_id)
            for body in _bodies(letter):
                async with asyncio.timeout(MESSAGE_SECONDS):
                    await client.send_message(
                        QueueUrl=url, MessageBody=body, MessageAttributes=_attributes(letter)
                    )
        except TimeoutError:
            return f"dead letter queue {letter.queue_id}: no answer within {MESSAGE_SECONDS:g} s"
        except (BotoCoreError, ClientError, aiohttp.ClientError, OSError, LookupError) as error:
            if (lacking := shortage_of(error)) is not None:
                reason = f"dead letter queue {letter.queue_id}: this node is short: {lacking}"
                raise NotCalled(reason, node_is_short=True) from error
            return f"dead letter queue {letter.queue_id}: {words(error)}"
        return None

    async def _url(self, client: Any, queue_id: str) -> str:
        urls = self._settings.queues
        configured = configured_url(queue_id, urls, table="dead_letters.queues")
        return configured or await asked_url(client, queue_id)


def _bodies(letter: DeadLetter) -> Iterator[str]:
    """Yields each event of the payload unchanged; an event that is too large becomes a pointer."""
    for body, metadata in _events(letter.payload):
        size = len(body.encode())
        if size > LARGEST_BODY:
            pointer = {
                "invocation_id": letter.invocation_id,
                "event_metadata": metadata,
                "bytes": size,
                "error": letter.error[:LONGEST_ERROR],
            }
            yield json.dumps(pointer)
        else:
            yield body


def _events(payload: bytes) -> list[tuple[str, Any]]:
    """Returns each event's JSON and metadata.

    A payload that was fired by hand may have no events; then it is one message itself. A queue
    refuses an empty body, so an empty payload becomes `{}`.
    """
    try:
        events = [
            (_unicode(event), event.get("event_metadata"))
            for event in json.loads(payload)["messages"]
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        events = []
    return events or [(payload.decode("utf-8", "replace") or "{}", None)]


def _unicode(event: Any) -> str:
    """Returns an event's JSON; what is not a character for a queue stays escaped."""
    text = json.dumps(event, ensure_ascii=False)
    return json.dumps(event) if NO_CHARACTERS.search(text) else text


def _attributes(letter: DeadLetter) -> dict[str, dict[str, str]]:
    values = {
        "trigger_id": ("String", letter.trigger_id),
        "invocation_id": ("String", letter.invocation_id),
        "attempts": ("Number", str(letter.attempts)),
        "last_error": ("String", printable(letter.error)[:LONGEST_ERROR] or "unknown"),
    }
    return {
        name: {"DataType": kind, "StringValue": value} for name, (kind, value) in values.items()
    }
