"""Finds the URL of a queue."""

from collections.abc import Mapping
from typing import Any

STANDARD_ONLY = "is a FIFO queue: name a standard queue"
# The protocol ends the name of each FIFO queue so, and of no other.
FIFO_ENDING = ".fifo"


class QueueUrlRefused(LookupError):
    """A queue's URL must not be called; the message says why, and which setting allows it."""


def configured_url(queue_id: str, urls: Mapping[str, str], *, table: str) -> str | None:
    """Returns the URL that the settings have for a queue; None if its service must be asked.

    Args:
        queue_id: the id of the queue in the rule, which may be a URL.
        urls: the URLs in the settings, by queue id.
        table: the table of the settings that has `urls`, for the error.

    Raises:
        QueueUrlRefused: the rule names a URL that is not in the settings. The author of a rule must
            not make this server call any URL with its account.
    """
    url = urls.get(queue_id)
    if url is None and "://" in queue_id:
        raise QueueUrlRefused(f"a URL in a rule must be listed in [{table}]")
    return url


def queue_name(queue_id: str) -> str:
    """Returns the name by which a service is asked for a queue: the last part of its id."""
    return queue_id.rsplit(":", 1)[-1]


def is_fifo(queue: str) -> bool:
    """Returns whether a queue, by its id or its URL, is a FIFO queue.

    Those give messages in order, and take none without a group; the vendor reads and fills
    standard queues only.
    """
    path = queue.split("?")[0].rstrip("/")
    return path.endswith(FIFO_ENDING)


async def asked_url(client: Any, queue_id: str) -> str:
    """Asks the service for a queue's URL, by the last part of the queue's id."""
    answer = await client.get_queue_url(QueueName=queue_name(queue_id))
    url: str = answer["QueueUrl"]
    return url
