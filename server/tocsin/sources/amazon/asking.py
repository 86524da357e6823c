"""Turns errors of Amazon's protocols into those of a source."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from tocsin.outgoing.amazon import words
from tocsin.sources.reader import SourceFailed


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turns an error of the service into one of the source.

    Args:
        what: what was asked, such as `queue X`, to begin the message with.

    Raises:
        SourceFailed: the service does not answer, or refuses.
    """
    try:
        yield
    except (BotoCoreError, ClientError, aiohttp.ClientError, OSError) as error:
        raise SourceFailed(f"{what}: {words(error)}") from error
