"""Puts the attachments of mails into their buckets, by the S3 protocol."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from tocsin.outgoing.amazon import checked_session, words
from tocsin.outgoing.reach import Reach
from tocsin.sources.mail.parsing import Attached


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """Where buckets are, and how to be let in."""

    endpoint: str | None = None
    region: str = "ru-central1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


class AttachmentsNotPut(Exception):
    """An attachment could not be put into its bucket; the message says why."""


class Attachments:
    """Puts into any bucket of one endpoint. Its client is made for the first attachment."""

    def __init__(self, settings: BucketSettings, reach: Reach | None = None) -> None:
        self._settings = settings
        self._session = checked_session(reach or Reach())
        self._open = AsyncExitStack()
        self._making = asyncio.Lock()
        self._made: Any = None

    async def close(self) -> None:
        self._made = None
        await self._open.aclose()

    async def put(self, bucket: str, prefix: str, attached: Sequence[Attached]) -> tuple[str, ...]:
        """Puts each under the prefix; returns their keys once all are there.

        What was put before one that fails stays, and is overwritten when it is tried again.

        Raises:
            AttachmentsNotPut: the bucket can't be reached, or does not take it.
        """
        keys = []
        try:
            client = await self._client()
            for number, each in enumerate(attached, 1):
                key = f"{prefix}/{number}-{each.name}" if each.name else f"{prefix}/{number}"
                await client.put_object(
                    Bucket=bucket, Key=key, Body=each.content, ContentType=each.content_type
                )
                keys.append(key)
        except (BotoCoreError, ClientError, OSError, LookupError) as error:
            raise AttachmentsNotPut(f"bucket {bucket}: {words(error)}") from error
        return tuple(keys)

    async def _client(self) -> Any:
        """Returns the one client. To make it takes the event loop some 50 ms."""
        settings = self._settings
        if settings.endpoint is None:
            raise LookupError("no storage is configured: set s3_endpoint in [sources.mail]")
        async with self._making:
            if self._made is None:
                creating = get_session().create_client(
                    "s3",
                    endpoint_url=settings.endpoint,
                    region_name=settings.region,
                    aws_access_key_id=settings.access_key_id,
                    aws_secret_access_key=settings.secret_access_key,
                    config=AioConfig(
                        connect_timeout=5,
                        read_timeout=20,
                        retries={"max_attempts": 1},
                        http_session_cls=self._session,
                        # A bucket's name need not be one of a host.
                        s3={"addressing_style": "path"},
                    ),
                )
                self._made = await self._open.enter_async_context(creating)
        return self._made
