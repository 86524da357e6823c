"""Reads queues of the SQS protocol: YMQ, Amazon SQS, ElasticMQ and others.

A message stays hidden in its queue until it is delivered, and then is deleted. A message whose
delivery failed becomes visible again, as often as the queue's redrive policy allows. Any number of
nodes can read one queue, and triggers that name the same queue share its messages.
"""

import asyncio
import math
from collections.abc import Coroutine, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import structlog
from yarl import URL

from tocsin.outgoing.amazon import LONGEST_POLL_SECONDS, READING, Clients
from tocsin.outgoing.queue_urls import (
    STANDARD_ONLY,
    QueueUrlRefused,
    asked_url,
    configured_url,
    is_fifo,
)
from tocsin.outgoing.reach import Reach
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.amazon.asking import asking
from tocsin.sources.amazon.long_polls import receive_messages
from tocsin.sources.amazon.messages import UnreadableMessage, message_of, millis_of
from tocsin.sources.amazon.settings import QueueServiceSettings
from tocsin.sources.folders import admits
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.message_queue import MessageQueueSource
from tocsin.sources.reader import Line, SourceFailed
from tocsin.sources.together import together
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.events import held_messages
from tocsin.store.events.held_messages import MessageEnding

log = structlog.get_logger(__name__)

# The most messages of one request in the protocol.
AT_ONCE = 10
ENDED_AT_ONCE = 100
# The least number of messages that may wait for delivery. A hidden message that waits too long
# becomes visible again, and the queue counts one more try.
HELD_LEAST = 100
Messages: TypeAlias = Sequence[Mapping[str, Any]]

SOON_SECONDS = 0.02
AT_THE_LATEST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Queue:
    """Holds a trigger's queue: its URL, and the client of its service, one of `clients`."""

    clients: Clients
    client: Any
    url: str
    trigger_id: str
    source: MessageQueueSource

    async def ask(self, *, most: int, wait_seconds: int) -> Messages:
        """Returns up to `most` messages as soon as any are visible.

        Raises:
            SourceFailed: the queue can't be read.
        """
        with asking(f"queue {self.source.queue_id}"):
            return await receive_messages(
                self.client,
                await self.clients.credentials(),
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait_seconds,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                **_visibility(self.source),
            )

    async def give_back(self, asked: asyncio.Future[Messages]) -> None:
        """Makes messages visible again that were received but are no longer wanted."""
        try:
            messages = await asked
            if messages:
                with asking(f"queue {self.source.queue_id}"):
                    await self.client.change_message_visibility_batch(
                        QueueUrl=self.url,
                        Entries=[
                            {
                                "Id": str(number),
                                "ReceiptHandle": message["ReceiptHandle"],
                                "VisibilityTimeout": 0,
                            }
                            for number, message in enumerate(messages)
                        ],
                    )
        except SourceFailed as error:
            log.info(
                "could not return messages to their queue, they stay hidden until their timeout",
                error=str(error),
            )


class QueueReader:
    """Reads the queues of rules; implements `sources.reader.Reader`."""

    kinds = ("message_queue",)

    def __init__(
        self,
        settings: QueueServiceSettings,
        reach: Reach,
        database: Database,
        clock: Clock,
        *,
        machine_clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._machine_clock = machine_clock
        self._clients = Clients("sqs", settings, reach, READING)
        # Requests of readings that have ended.
        self._last_asked: set[asyncio.Task[None]] = set()

    def reading_key(self, plan: Plan) -> Hashable:
        """Returns a key for each trigger, which reads for itself."""
        assert isinstance(plan.source, MessageQueueSource)
        queue_id = plan.source.queue_id
        if self._settings.endpoint is None and queue_id not in self._settings.urls:
            raise SourceFailed(
                f"queue {queue_id}: no queue service is configured: "
                "set endpoint in [sources.message_queue]"
            )
        if not admits(self._settings.folders_of_queue(queue_id), plan.folder_id):
            raise SourceFailed(
                f"queue {queue_id} is not bound to folder {plan.folder_id}: an operator can add "
                "the folder to `folders` or `folders_of` in [sources.message_queue]"
            )
        try:
            url = self._configured_url(queue_id)
        except QueueUrlRefused as error:
            raise SourceFailed(f"queue {queue_id}: {error}") from error
        if is_fifo(url or queue_id):
            raise SourceFailed(
                f"queue {queue_id} {STANDARD_ONLY} in the rule, as the messages of a trigger are "
                "not called for in order"
            )
        return plan.trigger_id, plan.source

    async def read(self, line: Line) -> None:
        [plan] = line.plans
        assert isinstance(plan.source, MessageQueueSource)
        queue = await self._queue(plan.trigger_id, plan.source)
        taken = asyncio.Event()
        # An earlier reading may have left deliveries to settle.
        taken.set()
        try:
            await together(self._receive(line, queue, taken), self._settle(queue, taken))
        except StoreUnavailable as error:
            raise SourceFailed(f"the store can't be reached: {error}") from error

    async def close(self) -> None:
        last_asked = tuple(self._last_asked)
        for giving_back in last_asked:
            giving_back.cancel()
        await asyncio.gather(*last_asked, return_exceptions=True)
        await self._clients.close()

    async def _queue(self, trigger_id: str, source: MessageQueueSource) -> Queue:
        url = self._configured_url(source.queue_id)
        with asking(f"queue {source.queue_id}"):
            if url is not None:
                client = await self._clients.of(str(URL(url).origin()))
            else:
                assert self._settings.endpoint is not None
                client = await self._clients.of(self._settings.endpoint)
                url = await asked_url(client, source.queue_id)
        return Queue(self._clients, client, url, trigger_id, source)

    def _configured_url(self, queue_id: str) -> str | None:
        urls = self._settings.urls
        return configured_url(queue_id, urls, table="sources.message_queue.urls")

    async def _receive(self, line: Line, queue: Queue, taken: asyncio.Event) -> None:
        """Hands messages in as they come, unless too many wait for their delivery."""
        wait, room, idle = 0, 0, False
        while True:
            # The count can't have grown if nothing came, so an idle queue needs no read of the
            # store.
            if not idle:
                room = await self._room(line.plans[0])
            if room <= 0:
                await self._machine_clock.sleep(SOON_SECONDS)
                continue
            asked = queue.ask(most=min(AT_ONCE, room), wait_seconds=wait)
            messages = await self._unless_cancelled(queue, asked)
            line.connected()
            # The first poll does not wait, so that it is soon known whether the queue answers.
            wait, idle = LONGEST_POLL_SECONDS, not messages
            if messages:
                await self._take(line, queue, messages)
                taken.set()

    async def _unless_cancelled(
        self, queue: Queue, asked: Coroutine[None, None, Messages]
    ) -> Messages:
        """Waits for messages; if the reading is cancelled meanwhile, returns them to the queue."""
        asking = asyncio.ensure_future(asked)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            giving_back = asyncio.create_task(queue.give_back(asking))
            self._last_asked.add(giving_back)
            giving_back.add_done_callback(self._last_asked.discard)
            raise

    async def _room(self, plan: Plan) -> int:
        """Returns how many more messages may be received."""
        size = plan.batching.size if plan.batching is not None else None
        most = max(HELD_LEAST, 2 * (size or 1))
        held = await self._database.read(
            partial(held_messages.count_held, trigger_id=plan.trigger_id, limit=most)
        )
        return most - held

    async def _take(self, line: Line, queue: Queue, messages: Messages) -> None:
        incoming: list[Incoming] = []
        for message in messages:
            try:
                incoming.append(self._incoming(queue, message))
            except UnreadableMessage as error:
                # It stays in its queue, whose redrive policy handles it.
                line.refused(queue.trigger_id, 1, str(error))
        taken = await line.take(incoming)
        settled = [
            (event.id, event.receipt)
            for event, outcome in zip(incoming, taken, strict=True)
            if outcome.settled
        ]
        for receipts in _in_tens(settled):
            await self._delete(queue, receipts)

    def _incoming(self, queue: Queue, message: Mapping[str, Any]) -> Incoming:
        event = message_of(queue.source.queue_id, message)
        sent = event.attributes.get("SentTimestamp", "")
        return Incoming(
            event=event,
            at=millis_of(sent) or nanos_of(self._clock.now()),
            id=event.message_id,
            trigger_id=queue.trigger_id,
            receipt=message["ReceiptHandle"],
        )

    async def _settle(self, queue: Queue, taken: asyncio.Event) -> None:
        """Deletes delivered messages, for as long as any message waits for delivery."""
        while True:
            await taken.wait()
            taken.clear()
            pause = SOON_SECONDS
            while await self._database.read(
                partial(held_messages.count_held, trigger_id=queue.trigger_id, limit=1)
            ):
                if await self._settle_some(queue):
                    pause = SOON_SECONDS
                else:
                    await self._machine_clock.sleep(pause)
                    pause = min(2 * pause, AT_THE_LATEST_SECONDS)

    async def _settle_some(self, queue: Queue) -> int:
        """Settles some deliveries that have ended, and returns their number."""
        ended = await self._database.read(
            partial(held_messages.ended, trigger_id=queue.trigger_id, limit=ENDED_AT_ONCE)
        )
        await self._release(queue, [ending for ending in ended if not ending.done], again=True)
        for done in _in_tens([ending for ending in ended if ending.done]):
            deleted = await self._delete(queue, [(ending.key, ending.receipt) for ending in done])
            await self._release(
                queue, [ending for ending in done if ending.key in deleted], again=False
            )
        return len(ended)

    async def _release(self, queue: Queue, ended: Iterable[MessageEnding], *, again: bool) -> None:
        keys = sorted(ending.key for ending in ended)
        if keys:
            await self._database.write(
                partial(held_messages.release, trigger_id=queue.trigger_id, keys=keys, again=again)
            )

    async def _delete(self, queue: Queue, receipts: Sequence[tuple[str, str]]) -> set[str]:
        """Deletes messages by (key, receipt); returns the keys that need no further try.

        They include messages whose receipt is too old: those come again, and are recognised.
        """
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt}
            for number, (_, receipt) in enumerate(receipts)
        ]
        with asking(f"queue {queue.source.queue_id}"):
            answer = await queue.client.delete_message_batch(QueueUrl=queue.url, Entries=entries)
        failed = answer.get("Failed", ())
        for failure in failed:
            log.warning(
                "could not delete a delivered message from its queue",
                trigger_id=queue.trigger_id,
                code=failure.get("Code"),
                error=failure.get("Message"),
            )
        again = {int(failure["Id"]) for failure in failed if not failure.get("SenderFault", True)}
        return {key for number, (key, _) in enumerate(receipts) if number not in again}


def _in_tens(all_of: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (all_of[start : start + AT_ONCE] for start in range(0, len(all_of), AT_ONCE))


def _visibility(source: MessageQueueSource) -> dict[str, int]:
    """Returns the visibility timeout in whole seconds; without one, the queue's applies."""
    hidden = source.visibility_timeout
    return {"VisibilityTimeout": math.ceil(hidden.total_seconds())} if hidden else {}
