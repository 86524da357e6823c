"""Puts the attachments of mails into their buckets, by the S3 protocol."""

from collections.abc import Sequence

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from tocsin.outgoing.amazon import SENDING, Clients, words
from tocsin.outgoing.reach import Reach
from tocsin.outgoing.url_parts import has_dot_segment
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mail.texts import Attached


class AttachmentsNotPut(Exception):
    """An attachment could not be put into its bucket; the message says why."""


class AttachmentBuckets:
    """Puts objects into any bucket of one endpoint; the first attachment opens the client."""

    def __init__(self, settings: MailSettings, reach: Reach) -> None:
        self._endpoint = settings.s3_endpoint
        self._clients = Clients("s3", settings.s3_account, reach, SENDING)

    async def close(self) -> None:
        await self._clients.close()

    async def put(self, bucket: str, prefix: str, attached: Sequence[Attached]) -> tuple[str, ...]:
        """Puts attachments below a prefix, and returns their keys.

        After a failure, objects that were put stay; the next try overwrites them.

        Raises:
            AttachmentsNotPut: the bucket can't be reached, or refuses an object.
        """
        keys = []
        try:
            if self._endpoint is None:
                raise LookupError("no storage is configured: set s3_endpoint in [sources.mail]")
            if has_dot_segment(bucket):
                raise LookupError("that name would lead out of the storage's URL")
            client = await self._clients.of(self._endpoint)
            for number, part in enumerate(attached, 1):
                key = f"{prefix}/{number}-{part.name}" if part.name else f"{prefix}/{number}"
                await client.put_object(
                    Bucket=bucket, Key=key, Body=part.content, ContentType=part.content_type
                )
                keys.append(key)
        except (BotoCoreError, ClientError, aiohttp.ClientError, OSError, LookupError) as error:
            raise AttachmentsNotPut(f"bucket {bucket}: {words(error)}") from error
        return tuple(keys)
