"""Puts dead letters into their queue, by the SQS protocol."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from tocsin.outgoing.amazon import checked_session, words
from tocsin.outgoing.reach import Reach

# Queues of the protocol take attributes and bodies of bounded size; an error needs less.
LONGEST_ERROR = 500
LARGEST_BODY = 250 * 1024


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Where queues are, and how to be let in. `urls` maps a queue's id to its URL."""

    endpoint: str | None = None
    region: str = "ru-central1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is put into a queue: the payload of the calls that failed, and what is known of them."""

    queue_id: str
    payload: bytes
    trigger_id: str
    invocation_id: str
    attempts: int
    error: str


class DeadLetterQueues:
    """Sends to any queue of one endpoint. Its client is made when the first letter is sent."""

    def __init__(self, settings: QueueSettings, reach: Reach | None = None) -> None:
        self._settings = settings
        self._session = checked_session(reach or Reach())
        self._open = AsyncExitStack()
        self._making = asyncio.Lock()
        self._made: Any = None

    async def close(self) -> None:
        """Lets go of the connections; the next letter would make them anew."""
        self._made = None
        await self._open.aclose()

    async def put(self, letter: DeadLetter) -> str | None:
        """Puts one message for each event of the payload; returns why it could not, or None.

        A try that breaks off half way is repeated whole: a message may be there twice, never not.
        """
        try:
            client = await self._client()
            url = await self._url(client, letter.queue_id)
            for body in _bodies(letter):
                await client.send_message(
                    QueueUrl=url, MessageBody=body, MessageAttributes=_attributes(letter)
                )
        except (BotoCoreError, ClientError, OSError, LookupError) as error:
            return f"dead letter queue {letter.queue_id}: {words(error)}"
        return None

    async def _url(self, client: Any, queue_id: str) -> str:
        known = self._settings.urls.get(queue_id)
        if known is not None:
            return known
        if "://" in queue_id:
            # A URL in a trigger must not make us call where its owner likes.
            raise LookupError("is a URL that [dead_letters.queues] does not name")
        name = queue_id.rsplit(":", 1)[-1]
        answer = await client.get_queue_url(QueueName=name)
        url: str = answer["QueueUrl"]
        return url

    async def _client(self) -> Any:
        """Returns the one client. To make it takes the event loop some 50 ms."""
        settings = self._settings
        if settings.endpoint is None:
            raise LookupError("no queue service is configured: set endpoint in [dead_letters]")
        async with self._making:
            if self._made is None:
                creating = get_session().create_client(
                    "sqs",
                    endpoint_url=settings.endpoint,
                    region_name=settings.region,
                    aws_access_key_id=settings.access_key_id,
                    aws_secret_access_key=settings.secret_access_key,
                    config=AioConfig(
                        connect_timeout=5,
                        read_timeout=20,
                        retries={"max_attempts": 1},
                        http_session_cls=self._session,
                    ),
                )
                self._made = await self._open.enter_async_context(creating)
        return self._made


def _bodies(letter: DeadLetter) -> Iterator[str]:
    """Gives each event of the payload as it stood there; of one that is too large, a pointer."""
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
    """Returns each event's text and metadata. What was fired by hand may be no events: it is one.

    A queue takes no empty body, so of nothing there is `{}`.
    """
    try:
        events = [
            (json.dumps(event, ensure_ascii=False), event.get("event_metadata"))
            for event in json.loads(payload)["messages"]
        ]
    except (ValueError, LookupError, TypeError, AttributeError):
        events = []
    return events or [(payload.decode("utf-8", "replace") or "{}", None)]


def _attributes(letter: DeadLetter) -> dict[str, dict[str, str]]:
    values = {
        "trigger_id": ("String", letter.trigger_id),
        "invocation_id": ("String", letter.invocation_id),
        "attempts": ("Number", str(letter.attempts)),
        "last_error": ("String", letter.error[:LONGEST_ERROR] or "unknown"),
    }
    return {
        name: {"DataType": kind, "StringValue": value} for name, (kind, value) in values.items()
    }
