"""Attachments go into the bucket that a rule names, and nowhere else."""

import asyncio

import pytest

from tocsin.outgoing.reach import Reach
from tocsin.sources.mail.attachments import AttachmentBuckets, AttachmentsNotPut
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mail.texts import Attached


@pytest.mark.parametrize("bucket", ["..", ".", "..;x", "%2e%2e", "a/../b"])
def test_a_bucket_leads_out_of_no_storage(bucket: str) -> None:
    async def scenario() -> None:
        buckets = AttachmentBuckets(MailSettings(s3_endpoint="http://127.0.0.1:1"), Reach())
        with pytest.raises(AttachmentsNotPut, match="out of the storage's URL"):
            await buckets.put(bucket, "prefix", [Attached("a", "text/plain", b"a")])

    asyncio.run(scenario())
