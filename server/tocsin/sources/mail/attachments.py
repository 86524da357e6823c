"""Puts the attachments of mails into their buckets, by the S3 protocol."""

from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.outgoing.amazon import SENDING, Clients, words
from tocsin.outgoing.reach import Reach
from tocsin.sources.mail.parsing import Attached
from tocsin.sources.mail.settings import MailSettings


class AttachmentsNotPut(Exception):
    """An attachment could not be put into its bucket; the message says why."""


class AttachmentBuckets:
    """Puts into any bucket of one endpoint. Its client is made for the first attachment."""

    def __init__(self, settings: MailSettings, reach: Reach) -> None:
        self._endpoint = settings.s3_endpoint
        self._clients = Clients("s3", settings.s3_account, reach, SENDING)

    async def close(self) -> None:
        await self._clients.close()

    async def put(self, bucket: str, prefix: str, attached: Sequence[Attached]) -> tuple[str, ...]:
        """Puts each under the prefix; returns their keys once all are there.

        What was put before one that fails stays, and is overwritten when it is tried again.

        Raises:
            AttachmentsNotPut: the bucket can't be reached, or does not take it.
        """
        keys = []
        try:
            if self._endpoint is None:
                raise LookupError("no storage is configured: set s3_endpoint in [sources.mail]")
            client = await self._clients.of(self._endpoint)
            for number, each in enumerate(attached, 1):
                key = f"{prefix}/{number}-{each.name}" if each.name else f"{prefix}/{number}"
                await client.put_object(
                    Bucket=bucket, Key=key, Body=each.content, ContentType=each.content_type
                )
                keys.append(key)
        except (BotoCoreError, ClientError, OSError, LookupError) as error:
            raise AttachmentsNotPut(f"bucket {bucket}: {words(error)}") from error
        return tuple(keys)
