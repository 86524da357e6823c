"""Reads streams of the Kinesis protocol: Yandex Data Streams, Amazon Kinesis and others.

Each trigger reads its stream for itself, from the trigger's creation on, and each shard on one node
at a time. The store keeps the position in each shard, which is written after the records are
accepted: after a crash some records may be read again, and are recognised. A shard is read after
its parents of a split or merge, so that records are accepted in the order of their key.

A stream that is deleted and made again has the same name, shard ids and sequence numbers. Positions
and remembered records count for one creation of the stream only.
"""

import asyncio
import hashlib
import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tocsin.outgoing.amazon import READING, Clients
from tocsin.outgoing.reach import Reach
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.amazon.asking import asking
from tocsin.sources.amazon.settings import StreamServiceSettings
from tocsin.sources.amazon.user_records import Refused, texts_of
from tocsin.sources.folders import admits
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.data_stream import DataStreamSource, StreamRecord
from tocsin.sources.part_leases import RENEWED_EACH_SECONDS, PartLeases
from tocsin.sources.reader import Line, SourceFailed
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.events import sources

# The position of a shard that was read to its end.
ENDED = "ended"
# The prefix of a position that is an instant, in seconds since the Unix epoch.
SINCE = "@"
# Records of one request, and records of one transaction of the intake.
RECORDS_AT_ONCE, TAKEN_AT_ONCE = 1000, 250
# All readers of a shard together may send five requests a second.
BUSY_SECONDS = 0.2
IDLE_SECONDS = 1.0
LISTED_EACH_SECONDS = 5.0
# A service answers few descriptions a second, for all streams of an account.
DESCRIBED_EACH_SECONDS = 15.0
PARENTS = ("ParentShardId", "AdjacentParentShardId")
# The part that holds which creation of the stream the positions are of; no shard has this id.
CREATION = "@creation"
# A service may keep a shorter time than the position is old, or have lost its records.
INVALID_POSITION = ("InvalidArgumentException", "ValidationException")
TOO_FAST = ("ProvisionedThroughputExceededException", "LimitExceededException")


@dataclass(frozen=True, slots=True)
class Shard:
    """Holds a shard's id, and the ids of its parents of a split or merge."""

    id: str
    parents: frozenset[str]


@dataclass(slots=True)
class Creation:
    """Holds which creation of a stream is read.

    `identity` is what the service says of it; empty if that is not known. `tag` is part of the
    names of its shards, and empty for the first creation. `described_at` is a monotonic time.
    """

    identity: str = ""
    tag: str = ""
    described_at: float | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Holds a trigger's stream; shards in `closed` get no more records."""

    client: Any
    trigger_id: str
    source: DataStreamSource
    closed: set[str] = field(default_factory=set)
    creation: Creation = field(default_factory=Creation)

    @property
    def name(self) -> str:
        return stream_name(self.source)

    @property
    def label(self) -> str:
        return f"stream {self.name}"

    def part(self, shard_id: str) -> str:
        """Returns the name of a shard among all that the trigger reads or has read.

        Shards of two streams may share an id, so the name includes a digest of the stream, and of
        its creation unless that was the first one.
        """
        return f"{self._digest}{self.creation.tag}/{shard_id}"

    def note(self, name: str) -> str:
        """Returns the name of a part that is not a shard; it outlives the stream."""
        return f"{self._digest}/{name}"

    @property
    def _digest(self) -> str:
        source = self.source
        return digest("\0".join((source.endpoint, source.database, source.stream)))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stream_name(source: DataStreamSource) -> str:
    """Returns the stream's name at its service: its path, if it has a database."""
    database = source.database.rstrip("/")
    return f"{database}/{source.stream}" if database else source.stream


class StreamReader:
    """Reads the streams of rules; implements `sources.reader.Reader`."""

    kinds = ("data_stream",)

    def __init__(
        self,
        settings: StreamServiceSettings,
        reach: Reach,
        database: Database,
        leases: PartLeases,
        *,
        machine_clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._leases = leases
        self._machine_clock = machine_clock
        self._clients = Clients("kinesis", settings, reach, READING)

    def reading_key(self, plan: Plan) -> Hashable:
        """Returns a key for each trigger, which reads for itself."""
        source = plan.source
        assert isinstance(source, DataStreamSource)
        if not source.stream:
            raise SourceFailed("the rule names no stream: set rule.data_stream.stream")
        if self._settings.url(source.endpoint) is None:
            raise SourceFailed(
                f"stream {source.stream}: no stream service is configured: "
                "set endpoint in [sources.data_stream]"
            )
        name = stream_name(source)
        if not admits(self._settings.folders_for(name), plan.folder_id):
            raise SourceFailed(
                f"stream {name} is not bound to folder {plan.folder_id}: an operator can add "
                "the folder to `folders` or `folders_of` in [sources.data_stream]"
            )
        return plan.trigger_id, source

    async def read(self, line: Line) -> None:
        [plan] = line.plans
        assert isinstance(plan.source, DataStreamSource)
        url = self._settings.url(plan.source.endpoint)
        assert url is not None
        with asking(f"stream {plan.source.stream}"):
            client = await self._clients.of(url)
        stream = Stream(client, plan.trigger_id, plan.source)
        reading: dict[str, asyncio.Task[None]] = {}
        try:
            since = await self._since(stream, plan)
            while True:
                if await self._made_anew(stream):
                    await _stop(reading)
                    stream.closed.clear()
                    line.troubled(
                        f"{stream.label} was deleted and made again: its positions are lost; "
                        f"reading from {_shown(since)}"
                    )
                await self._start(line, stream, since, reading)
                await self._watch(reading)
        except StoreUnavailable as error:
            raise SourceFailed(f"the store can't be reached: {error}") from error
        finally:
            await _stop(reading)

    async def close(self) -> None:
        await self._clients.close()

    async def _since(self, stream: Stream, plan: Plan) -> str:
        """Returns the first position in shards that were not read yet: the trigger's creation."""
        part = stream.note("")
        known = (await self._positions(stream)).get(part)
        if known:
            return known
        now = self._machine_clock.now()
        created_at = min(now, plan.created_at or now)
        since = f"{SINCE}{created_at.timestamp():.3f}"
        await self._leases.hold(stream.trigger_id, part)
        await self._leases.move(stream.trigger_id, part, since)
        return since

    async def _made_anew(self, stream: Stream) -> bool:
        """Returns whether the stream is another one than that of the positions; notes which."""
        now, creation = self._machine_clock.monotonic(), stream.creation
        if (
            creation.described_at is not None
            and now - creation.described_at < DESCRIBED_EACH_SECONDS
        ):
            return False
        creation.described_at = now
        part = stream.note(CREATION)
        identity = await _identity(stream)
        noted = json.loads((await self._positions(stream)).get(part) or "{}")
        before, tag = noted.get("identity", ""), noted.get("tag", "")
        if identity and identity != before:
            # The positions of version 0.1.0, which kept no identity, are taken for this stream's.
            tag = f"~{digest(identity)}" if before else tag
            await self._leases.hold(stream.trigger_id, part)
            text = json.dumps({"identity": identity, "tag": tag})
            await self._leases.move(stream.trigger_id, part, text)
            await self._leases.release(stream.trigger_id, part)
        changed = bool(identity and before and identity != before)
        # Another node may have noted it first.
        changed = changed or bool(creation.identity and creation.tag != tag)
        creation.identity, creation.tag = identity or before, tag
        return changed

    async def _positions(self, stream: Stream) -> dict[str, str]:
        return await self._database.read(partial(sources.positions, trigger_id=stream.trigger_id))

    async def _start(
        self, line: Line, stream: Stream, since: str, reading: dict[str, asyncio.Task[None]]
    ) -> None:
        """Starts to read the shards that are ready and that no other node reads."""
        shards = await self._shards(stream)
        line.connected()
        positions = await self._positions(stream)
        ended = {shard.id for shard in shards if positions.get(stream.part(shard.id)) == ENDED}
        known = {shard.id for shard in shards}
        for shard in shards:
            # A parent that no longer exists has no records to wait for.
            ready = (shard.parents & known) <= ended
            if shard.id in ended or shard.id in reading or not ready:
                continue
            position = await self._leases.hold(stream.trigger_id, stream.part(shard.id))
            if position is not None:
                task = self._read_shard(line, stream, shard, position or since, since)
                reading[shard.id] = asyncio.create_task(task)
        current = {stream.part(shard_id) for shard_id in known}
        current |= {stream.note(""), stream.note(CREATION)}
        for part in positions.keys() - current:
            await self._database.write(
                partial(sources.drop_part, trigger_id=stream.trigger_id, part=part)
            )

    async def _watch(self, reading: dict[str, asyncio.Task[None]]) -> None:
        """Waits until the reading of a shard ends, or until it is time to list shards again.

        The reading of a closed shard ends; the next list has its children.
        """
        rest = asyncio.create_task(self._machine_clock.sleep(LISTED_EACH_SECONDS))
        try:
            await asyncio.wait({rest, *reading.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest.cancel()
        for shard_id in [shard_id for shard_id, task in reading.items() if task.done()]:
            reading.pop(shard_id).result()

    async def _shards(self, stream: Stream) -> list[Shard]:
        listed: list[Mapping[str, Any]] = []
        asked: dict[str, str] = {"StreamName": stream.name}
        with asking(stream.label):
            while True:
                answer = await stream.client.list_shards(**asked)
                listed += answer["Shards"]
                if not (token := answer.get("NextToken")):
                    break
                asked = {"NextToken": token}
        stream.closed.update(
            shard["ShardId"]
            for shard in listed
            if "EndingSequenceNumber" in shard["SequenceNumberRange"]
        )
        return [
            Shard(
                id=shard["ShardId"],
                parents=frozenset(shard[name] for name in PARENTS if name in shard),
            )
            for shard in listed
        ]

    async def _read_shard(
        self, line: Line, stream: Stream, shard: Shard, position: str, since: str
    ) -> None:
        """Reads a shard to its end, or until the lease is lost; without a valid position from
        `since` on."""
        part = stream.part(shard.id)
        renewed_at = self._machine_clock.monotonic()
        try:
            iterator = await _iterator(stream, shard.id, position)
            if iterator is None:
                line.troubled(
                    f"{stream.label}: the position in {shard.id} is not valid any more; "
                    f"reading from {_shown(since)}"
                )
                iterator = await _iterator(stream, shard.id, since)
            if iterator is None:
                raise SourceFailed(f"{stream.label}: {shard.id} can't be read from {since}")
            while True:
                asked_at = self._machine_clock.monotonic()
                # Read before the request: a record added since would be missed otherwise.
                closed = shard.id in stream.closed
                answer = await _records(stream, iterator)
                if answer is not None:
                    line.connected()
                    records = answer["Records"]
                    if records and not await self._take(line, stream, shard.id, records):
                        await self._machine_clock.sleep(IDLE_SECONDS)
                        return
                    if not await self._moved(stream, part, answer, closed=closed):
                        return
                    iterator = answer["NextShardIterator"]
                if self._machine_clock.monotonic() - renewed_at >= RENEWED_EACH_SECONDS:
                    if await self._leases.hold(stream.trigger_id, part) is None:
                        return
                    renewed_at = self._machine_clock.monotonic()
                behind = answer is not None and answer.get("MillisBehindLatest", 0) > 0
                rest = BUSY_SECONDS if behind else IDLE_SECONDS
                await self._machine_clock.sleep(
                    max(0.0, rest - (self._machine_clock.monotonic() - asked_at))
                )
        finally:
            await self._leases.release(stream.trigger_id, part)

    async def _moved(
        self, stream: Stream, part: str, answer: Mapping[str, Any], *, closed: bool
    ) -> bool:
        """Writes the position in a shard; returns whether this node should read on."""
        records = answer["Records"]
        # Some services go on returning iterators for a closed shard.
        empty = not records and answer.get("MillisBehindLatest", 0) == 0
        if answer.get("NextShardIterator") is None or (closed and empty):
            await self._leases.move(stream.trigger_id, part, ENDED)
            return False
        if not records:
            return True
        last = records[-1]["SequenceNumber"]
        return await self._leases.move(stream.trigger_id, part, last)

    async def _take(
        self, line: Line, stream: Stream, shard_id: str, records: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Hands records in; returns False if the trigger does not accept them now."""
        refused = Refused()
        waiting: list[Incoming] = []
        for number, each in enumerate(self._incoming(stream, shard_id, records, refused), 1):
            if each is not None:
                waiting.append(each)
            # One record may hold very many, so all are never in memory at once.
            if number % TAKEN_AT_ONCE == 0:
                if not await _accepted(line, waiting):
                    return False
                waiting = []
        if not await _accepted(line, waiting):
            return False
        if refused.records:
            line.refused(stream.trigger_id, refused.records, refused.why)
        return True

    def _incoming(
        self,
        stream: Stream,
        shard_id: str,
        records: Sequence[Mapping[str, Any]],
        refused: Refused,
    ) -> Iterator[Incoming | None]:
        """Yields the events of records; None for one that can't be read, which is counted."""
        source = stream.source
        for record in records:
            arrived: datetime | None = record.get("ApproximateArrivalTimestamp")
            at = nanos_of(arrived or self._machine_clock.now())
            for each in texts_of(record, f"of {shard_id}", refused):
                if each is None:
                    yield None
                    continue
                yield Incoming(
                    event=StreamRecord(source.endpoint, source.database, source.stream, each.text),
                    at=at,
                    id=f"{stream.part(shard_id)}/{each.number}",
                    trigger_id=stream.trigger_id,
                )


async def _accepted(line: Line, incoming: Sequence[Incoming]) -> bool:
    """Hands events in; returns False if the trigger does not accept them now."""
    taken = await line.take(incoming) if incoming else []
    return not any(outcome.lost or outcome.filtered for outcome in taken)


async def _stop(reading: dict[str, asyncio.Task[None]]) -> None:
    """Ends the reading of all shards."""
    for task in reading.values():
        task.cancel()
    await asyncio.gather(*reading.values(), return_exceptions=True)
    reading.clear()


async def _identity(stream: Stream) -> str:
    """Returns what tells one creation of a stream from another; empty if the service won't say."""
    with asking(stream.label):
        try:
            answer = await stream.client.describe_stream_summary(StreamName=stream.name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise
            return ""
    summary = answer["StreamDescriptionSummary"]
    created_at = summary.get("StreamCreationTimestamp")
    return f"{summary.get('StreamARN', '')} {created_at}" if created_at else ""


def _shown(position: str) -> str:
    instant = datetime.fromtimestamp(float(position.removeprefix(SINCE)), UTC)
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


async def _iterator(stream: Stream, shard_id: str, position: str) -> str | None:
    """Returns the iterator after a position; None if the service does not know the position."""
    asked: dict[str, Any] = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}
    if position.startswith(SINCE):
        asked["ShardIteratorType"] = "AT_TIMESTAMP"
        asked["Timestamp"] = datetime.fromtimestamp(float(position.removeprefix(SINCE)), UTC)
    else:
        asked["StartingSequenceNumber"] = position
    with asking(stream.label):
        try:
            answer = await stream.client.get_shard_iterator(
                StreamName=stream.name, ShardId=shard_id, **asked
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in INVALID_POSITION:
                return None
            raise
    iterator: str = answer["ShardIterator"]
    return iterator


async def _records(stream: Stream, iterator: str) -> dict[str, Any] | None:
    """Returns the next records; None if the service refused because of too many requests."""
    with asking(stream.label):
        try:
            answer: dict[str, Any] = await stream.client.get_records(
                ShardIterator=iterator, Limit=RECORDS_AT_ONCE
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in TOO_FAST:
                return None
            raise
    return answer
