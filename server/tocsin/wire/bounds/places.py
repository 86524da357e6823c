"""Limits the calls under way; beyond some number gRPC would cancel some without a reason."""

from collections.abc import Callable

import structlog

from tocsin.wire import errors

log = structlog.get_logger(__name__)

MOST_CALLS = 1_000
# A caller that waits for an operation costs little, but for up to a minute.
MOST_WAITING = 1_000


class Places:
    """Counts calls under way, up to `most` of them; `refused` is called for each one beyond."""

    def __init__(self, most: int, refused: Callable[[], None]) -> None:
        self._most = most
        self._refused = refused
        self.taken = 0

    def take(self) -> None:
        """Takes a place, until `give_back`.

        Raises:
            ApiError: all are taken.
        """
        if self.taken >= self._most:
            self._refused()
            log.warning("refused a call, too many are under way", most=self._most)
            raise errors.too_many_under_way(self._most)
        self.taken += 1

    def give_back(self) -> None:
        self.taken -= 1
