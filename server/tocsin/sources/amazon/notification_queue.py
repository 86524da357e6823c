"""Reads S3 event notifications from a queue of the SQS protocol.

One queue serves all triggers. Accepted messages are deleted. Messages that are not notifications
stay in the queue, whose redrive policy handles them.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from yarl import URL

from tocsin.outgoing.amazon import LONGEST_POLL_SECONDS, READING, Clients
from tocsin.outgoing.queue_urls import STANDARD_ONLY, is_fifo
from tocsin.outgoing.reach import Reach
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.amazon.asking import asking
from tocsin.sources.amazon.settings import NotificationQueueSettings
from tocsin.sources.folders import admits
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.catalog import keys_of_event, keys_of_plan, short_key
from tocsin.sources.kinds.object_storage import ObjectEvent, ObjectStorageSource
from tocsin.sources.notifications.reading import Notification, NotificationError
from tocsin.sources.notifications.s3 import object_notification
from tocsin.sources.reader import Line, SourceFailed
from tocsin.store.driver.database import StoreUnavailable

# The most messages of one request in the protocol.
AT_ONCE = 10


class NotificationReader:
    """Reads one queue by its URL; implements `sources.reader.Reader`."""

    kinds = ("object_storage",)

    def __init__(
        self, queue: str, settings: NotificationQueueSettings, reach: Reach, clock: Clock
    ) -> None:
        self._queue = queue
        # A user name or a query in the URL may be secret.
        self._label = f"queue {URL(queue).with_user(None).with_query(None)}"
        self._clock = clock
        self._settings = settings
        self._clients = Clients("sqs", settings, reach, READING)

    def reading_key(self, plan: Plan) -> Hashable:
        """Returns the same key for all triggers, which share the queue."""
        assert isinstance(plan.source, ObjectStorageSource)
        bucket = plan.source.bucket_id
        if is_fifo(self._queue):
            raise SourceFailed(
                f"{self._label} {STANDARD_ONLY} in `queue` of [sources.object_storage]; storages "
                "put no notifications into the other kind"
            )
        if not admits(self._settings.folders_for(bucket), plan.folder_id):
            raise SourceFailed(
                f"bucket {bucket} is not bound to folder {plan.folder_id}: an operator can add "
                "the folder to `folders` or `folders_of` in [sources.object_storage]"
            )
        return self._queue

    async def read(self, line: Line) -> None:
        with asking(self._label):
            client = await self._clients.of(str(URL(self._queue).origin()))
        # The first poll does not wait, so that it is soon known whether the queue answers.
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

    def _bound(self, incoming: Incoming) -> Incoming:
        """Returns an event for triggers of its bucket's folders only."""
        assert isinstance(incoming.event, ObjectEvent)
        return replace(incoming, folders=self._settings.folders_for(incoming.event.bucket_id))

    async def close(self) -> None:
        await self._clients.close()

    def _refuse(self, line: Line, read: Notification) -> None:
        """Counts records that can't be read; one without a bucket is for those of the others."""
        buckets = {key for each in read.incoming for key in keys_of_event(each.event)}
        for each in read.unreadable:
            wanted = {short_key(each.key), ""} if each.key else buckets
            for plan in line.plans:
                if not wanted.isdisjoint(keys_of_plan(plan)):
                    line.refused(plan.trigger_id, each.entries, str(each.error))

    async def _take(self, line: Line, client: Any, messages: Sequence[Mapping[str, Any]]) -> None:
        now = nanos_of(self._clock.now())
        notifications: list[Notification] = []
        done: list[dict[str, str]] = []
        for message in messages:
            try:
                body = str(message.get("Body", "")).encode("utf-8", "surrogatepass")
                notifications.append(object_notification(body, now))
            except NotificationError as error:
                line.troubled(f"message {message.get('MessageId')} is not a notification: {error}")
                continue
            done.append({"Id": str(len(done)), "ReceiptHandle": message["ReceiptHandle"]})
        try:
            await line.take([self._bound(each) for read in notifications for each in read.incoming])
        except StoreUnavailable as error:
            raise SourceFailed(f"the store can't be reached: {error}") from error
        for read in notifications:
            self._refuse(line, read)
        if done:
            with asking(self._label):
                # A message that is not deleted comes again, and its events are recognised.
                await client.delete_message_batch(QueueUrl=self._queue, Entries=done)
