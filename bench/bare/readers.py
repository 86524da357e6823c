"""What reads as Tocsin does, by the plain client library, and keeps nothing.

`readers.py KIND URL NAME COUNT` reads so many events and prints how many a second they were.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import uvloop
from aiobotocore.session import get_session
from yarl import URL

AT_ONCE = 10
RECORDS_AT_ONCE = 1000


@asynccontextmanager
async def amazon(service: str, url: str) -> AsyncIterator[Any]:
    async with get_session().create_client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    ) as client:
        yield client


async def queue(url: str, name: str, count: int) -> float:
    """Receives, and deletes."""
    async with amazon("sqs", url) as client:
        at = (await client.get_queue_url(QueueName=name))["QueueUrl"]
        began, left = time.perf_counter(), count
        while left > 0:
            answer = await client.receive_message(
                QueueUrl=at, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=20
            )
            messages = answer.get("Messages", ())
            await client.delete_message_batch(
                QueueUrl=at,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                    for number, each in enumerate(messages)
                ],
            )
            left -= len(messages)
        return count / (time.perf_counter() - began)


async def stream(url: str, name: str, count: int) -> float:
    """Reads all shards at once, each from its beginning, without a pause."""
    async with amazon("kinesis", url) as client:
        shards = (await client.list_shards(StreamName=name))["Shards"]
        began, left = time.perf_counter(), count

        async def read(shard_id: str) -> None:
            nonlocal left
            answer = await client.get_shard_iterator(
                StreamName=name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
            )
            iterator = answer["ShardIterator"]
            while left > 0:
                answer = await client.get_records(ShardIterator=iterator, Limit=RECORDS_AT_ONCE)
                for record in answer["Records"]:
                    json.loads(record["Data"])
                left -= len(answer["Records"])
                iterator = answer["NextShardIterator"]

        await asyncio.gather(*(read(each["ShardId"]) for each in shards))
        return count / (time.perf_counter() - began)


async def mqtt(url: str, name: str, count: int) -> float:
    """Reads what the broker has kept for a session; with a count of 0 only makes that session."""
    where = URL(url)
    assert where.host is not None
    async with aiomqtt.Client(
        where.host, where.explicit_port or 1883, identifier="plain", clean_session=False
    ) as client:
        await client.subscribe(name, qos=1)
        if not count:
            return 0
        began, left = 0.0, count
        async for _ in client.messages:
            began = began or time.perf_counter()
            left -= 1
            if not left:
                break
        return (count - 1) / (time.perf_counter() - began)


READERS: Mapping[str, Callable[[str, str, int], Awaitable[float]]] = {
    "queue": queue,
    "stream": stream,
    "mqtt": mqtt,
}


async def main(kind: str, url: str, name: str, count: str) -> None:
    print(await READERS[kind](url, name, int(count)), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
