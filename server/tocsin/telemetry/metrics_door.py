"""Who may see the metrics. It is asked in the threads of their server, and known by the event loop.

An answer that was good is remembered: so metrics can be fetched while the loop stands still, which
is when they are wanted.
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

# Whoever lost the right sees metrics for so long.
FRESH_SECONDS = 5.0
# For so long the loop may stand still, or the store be away, for those who were let in before.
USABLE_SECONDS = 900.0
PATIENCE_SECONDS = 3.0
MOST_REMEMBERED = 100

Check: TypeAlias = Callable[[str, str], Awaitable[None]]
"""Is given an `Authorization` header and an IP address; raises ApiError, or StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer, in one line."""

    status: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


UNKNOWN = Refusal(
    "503 Service Unavailable", "It can't be found out now whether you may see this.\n"
)
STATUSES = {
    grpc.StatusCode.UNAUTHENTICATED: "401 Unauthorized",
    grpc.StatusCode.PERMISSION_DENIED: "403 Forbidden",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "429 Too Many Requests",
}


class MetricsDoor:
    """Is made on the event loop; `refusal` is called in other threads.

    Until `guard_by` says how to check, nobody is let in.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._check: asyncio.Future[Check] = self._loop.create_future()
        self._let_in: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def guard_by(self, check: Check) -> None:
        self._check.set_result(check)

    def refusal(self, authorization: str, peer: str) -> Refusal | None:
        """Returns how a request is refused; None: it is not."""
        digest = hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
        if self._was_let_in(digest, FRESH_SECONDS):
            return None
        asked = asyncio.run_coroutine_threadsafe(self._ask(authorization, peer), self._loop)
        try:
            found = asked.result(PATIENCE_SECONDS)
        except concurrent.futures.TimeoutError:
            asked.cancel()
            found = UNKNOWN
        if found is UNKNOWN:
            return None if self._was_let_in(digest, USABLE_SECONDS) else UNKNOWN
        self._remember(digest, let_in=found is None)
        return found

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

    def _was_let_in(self, digest: bytes, lately: float) -> bool:
        with self._lock:
            at = self._let_in.get(digest)
        return at is not None and self._clock.monotonic() - at < lately

    def _remember(self, digest: bytes, *, let_in: bool) -> None:
        with self._lock:
            self._let_in.pop(digest, None)
            if let_in:
                if len(self._let_in) >= MOST_REMEMBERED:
                    del self._let_in[next(iter(self._let_in))]
                self._let_in[digest] = self._clock.monotonic()


def _challenge(error: ApiError) -> tuple[tuple[str, str], ...]:
    unauthenticated = error.code is grpc.StatusCode.UNAUTHENTICATED
    return (("WWW-Authenticate", "Bearer"),) if unauthenticated else ()
