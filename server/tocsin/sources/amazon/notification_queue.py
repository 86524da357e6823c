"""Reads S3 event notifications from a queue of the SQS protocol, where object storages put them.

One queue is for all triggers: buckets tell of many objects, and rules choose. What was taken is
deleted. What is no notification stays, and is left to the queue's own redrive policy.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from yarl import URL

from tocsin.outgoing.amazon import LONGEST_POLL_SECONDS, READING, Clients
from tocsin.outgoing.reach import Reach
from tocsin.outgoing.settings import AmazonAccount
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.amazon.asking import asking
from tocsin.sources.instants import nanos_of
from tocsin.sources.notifications.reading import Notification, NotificationError
from tocsin.sources.notifications.s3 import object_notification
from tocsin.sources.reader import Line, SourceFailed
from tocsin.store.driver.database import StoreUnavailable

# What the protocol gives, and takes, at once.
AT_ONCE = 10


class NotificationReader:
    """A `sources.pulled.Reader`. `queue` is its URL."""

    kinds = ("object_storage",)

    def __init__(self, queue: str, account: AmazonAccount, reach: Reach, clock: Clock) -> None:
        self._queue = queue
        # Who asks, and with what query, is a secret or as good as one.
        self._label = f"queue {URL(queue).with_user(None).with_query(None)}"
        self._clock = clock
        self._clients = Clients("sqs", account, reach, READING)

    def place(self, plan: Plan) -> Hashable:
        """All share one."""
        del plan
        return self._queue

    async def read(self, line: Line) -> None:
        with asking(self._label):
            client = await self._clients.of(str(URL(self._queue).origin()))
        # The first answer comes at once, so that it is soon known whether there is one.
        wait = 0
        while True:
            with asking(self._label):
                answer = await client.receive_message(
                    QueueUrl=self._queue, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=wait
                )
            line.connected()
            wait = LONGEST_POLL_SECONDS
            if messages := answer.get("Messages", ()):
                await self._take(line, client, messages)

    async def close(self) -> None:
        await self._clients.close()

    async def _take(self, line: Line, client: Any, messages: Sequence[Mapping[str, Any]]) -> None:
        now = nanos_of(self._clock.now())
        told: list[Notification] = []
        done: list[dict[str, str]] = []
        for message in messages:
            try:
                body = message["Body"].encode("utf-8", "surrogatepass")
                told.append(object_notification(body, now))
            except NotificationError as error:
                line.troubled(f"message {message['MessageId']} is no notification: {error}")
                continue
            done.append({"Id": str(len(done)), "ReceiptHandle": message["ReceiptHandle"]})
        try:
            await line.take([each for one in told for each in one.incoming])
        except StoreUnavailable as error:
            raise SourceFailed(f"the store can't be reached: {error}") from error
        if done:
            with asking(self._label):
                # One that is not deleted comes again, and is known.
                await client.delete_message_batch(QueueUrl=self._queue, Entries=done)
