"""Reads queues of the SQS protocol: YMQ, Amazon SQS, ElasticMQ and others.

A message stays in its queue, hidden, until it is delivered. Then it is deleted; what failed is left
to the queue: it comes again when it is visible again, as often as the queue's own redrive policy
has it. Any number of nodes read one queue, and triggers that share one share its messages.
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
from tocsin.outgoing.queue_urls import QueueUrlRefused, asked_url, configured_url
from tocsin.outgoing.reach import Reach
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.amazon.asking import asking
from tocsin.sources.amazon.long_polls import receive_messages
from tocsin.sources.amazon.settings import QueueServiceSettings
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.message_queue import MessageAttribute, MessageQueueSource, QueueMessage
from tocsin.sources.reader import Line, SourceFailed
from tocsin.sources.together import together
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.events import held_messages
from tocsin.store.events.held_messages import MessageEnding

log = structlog.get_logger(__name__)

# What the protocol gives, and takes, at once.
AT_ONCE = 10
ENDED_AT_ONCE = 100
# What is hidden and waits too long is given again, and counted by the queue as one more try.
HELD_LEAST = 100
# Of the queue's own attributes, those that a target is told.
ATTRIBUTES = (
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "SenderId",
    "SentTimestamp",
)
Messages: TypeAlias = Sequence[Mapping[str, Any]]

SOON_SECONDS = 0.02
AT_THE_LATEST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue, for one trigger; `url` by its service, whose `client` is one of `clients`."""

    clients: Clients
    client: Any
    url: str
    trigger_id: str
    source: MessageQueueSource

    async def ask(self, *, most: int, wait_seconds: int) -> Messages:
        """Returns up to `most` messages as soon as there are some.

        Raises:
            SourceFailed: the queue can't be asked.
        """
        with asking(f"queue {self.source.queue_id}"):
            return await receive_messages(
                self.client,
                await self.clients.credentials(),
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait_seconds,
                AttributeNames=ATTRIBUTES,
                MessageAttributeNames=["All"],
                **_visibility(self.source),
            )

    async def give_back(self, asked: asyncio.Future[Messages]) -> None:
        """Makes visible again what was asked for and nobody wants any more."""
        try:
            messages = await asked
            if messages:
                with asking(f"queue {self.source.queue_id}"):
                    await self.client.change_message_visibility_batch(
                        QueueUrl=self.url,
                        Entries=[
                            {
                                "Id": str(number),
                                "ReceiptHandle": each["ReceiptHandle"],
                                "VisibilityTimeout": 0,
                            }
                            for number, each in enumerate(messages)
                        ],
                    )
        except SourceFailed as error:
            log.info("messages stay hidden for a while", error=str(error))


class QueueReader:
    """A `sources.pulled.Reader`. `pace` is the clock by which it looks how deliveries end."""

    kinds = ("message_queue",)

    def __init__(
        self,
        settings: QueueServiceSettings,
        reach: Reach,
        database: Database,
        clock: Clock,
        *,
        pace: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._pace = pace
        self._clients = Clients("sqs", settings, reach, READING)
        # Requests of readings that ended.
        self._last_asked: set[asyncio.Task[None]] = set()

    def place(self, plan: Plan) -> Hashable:
        """Each trigger reads for itself."""
        assert isinstance(plan.source, MessageQueueSource)
        queue_id = plan.source.queue_id
        if self._settings.endpoint is None and queue_id not in self._settings.urls:
            raise SourceFailed(
                f"queue {queue_id}: no queue service is configured, "
                "set endpoint in [sources.message_queue]"
            )
        try:
            self._configured_url(queue_id)
        except QueueUrlRefused as error:
            raise SourceFailed(f"queue {queue_id}: {error}") from error
        return plan.trigger_id, plan.source

    async def read(self, line: Line) -> None:
        [plan] = line.plans
        assert isinstance(plan.source, MessageQueueSource)
        queue = await self._queue(plan.trigger_id, plan.source)
        taken = asyncio.Event()
        # What an earlier reader left behind is looked for first.
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
        """Hands in messages as they come, as long as not too many wait for their delivery."""
        wait, room, idle = 0, 0, False
        while True:
            # Where nothing came nothing more waits: idle queues ask the store for nothing.
            if not idle:
                room = await self._room(line.plans[0])
            if room <= 0:
                await self._pace.sleep(SOON_SECONDS)
                continue
            asked = queue.ask(most=min(AT_ONCE, room), wait_seconds=wait)
            messages = await self._unless_cancelled(queue, asked)
            line.connected()
            # The first answer comes at once, so that it is soon known whether there is one.
            wait, idle = LONGEST_POLL_SECONDS, not messages
            if messages:
                await self._take(line, queue, messages)
                taken.set()

    async def _unless_cancelled(
        self, queue: Queue, asked: Coroutine[None, None, Messages]
    ) -> Messages:
        """Waits for messages. If the reading ends meanwhile, what still comes is given back: the
        queue would hide it all the same."""
        asking = asyncio.ensure_future(asked)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            giving_back = asyncio.create_task(queue.give_back(asking))
            self._last_asked.add(giving_back)
            giving_back.add_done_callback(self._last_asked.discard)
            raise

    async def _room(self, plan: Plan) -> int:
        """Returns how many messages more may be taken."""
        size = plan.batching.size if plan.batching is not None else None
        most = max(HELD_LEAST, 2 * (size or 1))
        held = await self._database.read(
            partial(held_messages.count_held, trigger_id=plan.trigger_id, limit=most)
        )
        return most - held

    async def _take(self, line: Line, queue: Queue, messages: Messages) -> None:
        incoming = [self._incoming(queue, message) for message in messages]
        taken = await line.take(incoming)
        done = [each for each, became in zip(incoming, taken, strict=True) if became.settled]
        for each in _in_tens([(each.id, each.receipt) for each in done]):
            await self._delete(queue, each)

    def _incoming(self, queue: Queue, message: Mapping[str, Any]) -> Incoming:
        attributes = message.get("Attributes", {})
        sent = attributes.get("SentTimestamp", "")
        return Incoming(
            event=QueueMessage(
                queue_id=queue.source.queue_id,
                message_id=message["MessageId"],
                body=message["Body"],
                attributes={name: attributes[name] for name in ATTRIBUTES if name in attributes},
                message_attributes={
                    name: _attribute(each)
                    for name, each in message.get("MessageAttributes", {}).items()
                },
            ),
            at=int(sent) * 1_000_000 if sent.isdecimal() else nanos_of(self._clock.now()),
            id=message["MessageId"],
            trigger_id=queue.trigger_id,
            receipt=message["ReceiptHandle"],
        )

    async def _settle(self, queue: Queue, taken: asyncio.Event) -> None:
        """Deletes what was delivered, as long as anything waits to be."""
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
                    await self._pace.sleep(pause)
                    pause = min(2 * pause, AT_THE_LATEST_SECONDS)

    async def _settle_some(self, queue: Queue) -> int:
        """Returns how many deliveries it found to have ended."""
        ended = await self._database.read(
            partial(held_messages.ended, trigger_id=queue.trigger_id, limit=ENDED_AT_ONCE)
        )
        await self._release(queue, [each for each in ended if not each.done], again=True)
        for done in _in_tens([each for each in ended if each.done]):
            deleted = await self._delete(queue, [(each.key, each.receipt) for each in done])
            await self._release(queue, [each for each in done if each.key in deleted], again=False)
        return len(ended)

    async def _release(self, queue: Queue, ended: Iterable[MessageEnding], *, again: bool) -> None:
        keys = sorted(each.key for each in ended)
        if keys:
            await self._database.write(
                partial(held_messages.release, trigger_id=queue.trigger_id, keys=keys, again=again)
            )

    async def _delete(self, queue: Queue, receipts: Sequence[tuple[str, str]]) -> set[str]:
        """Deletes messages, by (key, receipt); returns the keys of those that are dealt with.

        One whose receipt is too old counts too: it comes again, and is known to be done.
        """
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt}
            for number, (_, receipt) in enumerate(receipts)
        ]
        with asking(f"queue {queue.source.queue_id}"):
            answer = await queue.client.delete_message_batch(QueueUrl=queue.url, Entries=entries)
        failed = answer.get("Failed", ())
        for each in failed:
            log.warning(
                "delivered message was not deleted from its queue",
                trigger_id=queue.trigger_id,
                code=each.get("Code"),
                error=each.get("Message"),
            )
        again = {int(each["Id"]) for each in failed if not each.get("SenderFault", True)}
        return {key for number, (key, _) in enumerate(receipts) if number not in again}


def _in_tens(all_of: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (all_of[start : start + AT_ONCE] for start in range(0, len(all_of), AT_ONCE))


def _visibility(source: MessageQueueSource) -> dict[str, int]:
    """The protocol knows whole seconds; none leaves it to the queue."""
    hidden = source.visibility_timeout
    return {"VisibilityTimeout": math.ceil(hidden.total_seconds())} if hidden else {}


def _attribute(attribute: Mapping[str, Any]) -> MessageAttribute:
    binary = attribute.get("BinaryValue")
    value = attribute.get("StringValue", "") if binary is None else bytes(binary)
    return MessageAttribute(attribute["DataType"], value)
