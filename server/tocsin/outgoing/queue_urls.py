"""Decides which URL of a queue is called."""

from collections.abc import Mapping
from typing import Any


class QueueUrlRefused(LookupError):
    """A queue's URL is not called; the message says why, and names the setting that allows it."""


def configured_url(queue_id: str, urls: Mapping[str, str], *, table: str) -> str | None:
    """Returns the URL that the settings give a queue; None: its service tells it.

    Args:
        queue_id: what a rule names: an id, or the URL of a queue.
        urls: the URLs that the settings give, by queue id.
        table: the table of the settings that has `urls`.

    Raises:
        QueueUrlRefused: a rule names a URL that is not in the settings. Whoever writes a rule must
            not make this server call, with its account, where they like.
    """
    url = urls.get(queue_id)
    if url is None and "://" in queue_id:
        raise QueueUrlRefused(f"is a URL that [{table}] does not name")
    return url


async def asked_url(client: Any, queue_id: str) -> str:
    """Asks the client's service for a queue's URL, by the last part of the queue's id."""
    answer = await client.get_queue_url(QueueName=queue_id.rsplit(":", 1)[-1])
    url: str = answer["QueueUrl"]
    return url
