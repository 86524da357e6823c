"""Decides who may see the metrics: the metrics server's threads ask, the event loop answers.

The door remembers whom it let in. So metrics can be fetched while the event loop is stuck, which is
when they are needed.
"""

import asyncio
import concurrent.futures
import hashlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from tocsin.schedule import Clock
from tocsin.store.driver.database import StoreUnavailable
from tocsin.wire.errors import ApiError

# A caller who loses the right still sees metrics for this time.
FRESH_SECONDS = 5.0
# A caller who was let in before sees metrics for this time while the loop is stuck or the store is
# away.
USABLE_SECONDS = 900.0
PATIENCE_SECONDS = 3.0
MOST_REMEMBERED = 100

Check: TypeAlias = Callable[[str, str], Awaitable[None]]
"""Takes an `Authorization` header and an IP address; raises ApiError or StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Holds the HTTP answer to a caller who is refused."""

    status: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


UNKNOWN = Refusal(
    "503 Service Unavailable", "Your permission can't be checked now; try again later.\n"
)
STATUSES = {
    grpc.StatusCode.UNAUTHENTICATED: "401 Unauthorized",
    grpc.StatusCode.PERMISSION_DENIED: "403 Forbidden",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "429 Too Many Requests",
}


class MetricsDoor:
    """Checks requests for metrics.

    It is made on the event loop; other threads call `refusal`. It lets nobody in before `guard_by`
    sets the check.
    """

    def __init__(self, machine_clock: Clock) -> None:
        self._machine_clock = machine_clock
        self._loop = asyncio.get_running_loop()
        self._check: asyncio.Future[Check] = self._loop.create_future()
        self._let_in: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def guard_by(self, check: Check) -> None:
        self._check.set_result(check)

    def refusal(self, authorization: str, peer: str) -> Refusal | None:
        """Returns the answer that refuses a request; None if it is let in.

        Args:
            authorization: the `Authorization` header, empty if the request has none.
            peer: the caller's IP address.
        """
        digest = hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
        if self._was_let_in(digest, FRESH_SECONDS):
            return None
        asked = asyncio.run_coroutine_threadsafe(self._ask(authorization, peer), self._loop)
        try:
            answer = asked.result(PATIENCE_SECONDS)
        except concurrent.futures.TimeoutError:
            asked.cancel()
            answer = UNKNOWN
        if answer is UNKNOWN:
            return None if self._was_let_in(digest, USABLE_SECONDS) else UNKNOWN
        self._remember(digest, let_in=answer is None)
        return answer

    async def _ask(self, authorization: str, peer: str) -> Refusal | None:
        try:
            check = await asyncio.shield(self._check)
            await check(authorization, peer)
        except ApiError as error:
            status = STATUSES.get(error.code)
            if status is None:
                return UNKNOWN
            return Refusal(status, f"{error.message}\n", _challenge(error))
        except StoreUnavailable:
            return UNKNOWN
        return None

    def _was_let_in(self, digest: bytes, within_seconds: float) -> bool:
        with self._lock:
            let_in_at = self._let_in.get(digest)
        if let_in_at is None:
            return False
        return self._machine_clock.monotonic() - let_in_at < within_seconds

    def _remember(self, digest: bytes, *, let_in: bool) -> None:
        with self._lock:
            self._let_in.pop(digest, None)
            if let_in:
                if len(self._let_in) >= MOST_REMEMBERED:
                    del self._let_in[next(iter(self._let_in))]
                self._let_in[digest] = self._machine_clock.monotonic()


def _challenge(error: ApiError) -> tuple[tuple[str, str], ...]:
    unauthenticated = error.code is grpc.StatusCode.UNAUTHENTICATED
    return (("WWW-Authenticate", "Bearer"),) if unauthenticated else ()
