"""The reconciler: looks for what can't be and would never be heard of, repairs it, and says so.

It walks through everything, a page at a time, and rests between pages for so long that an idle node
does not notice: a pass over a million triggers takes an hour or two. What is looked at in a
page, and what is repaired, is a check's to say; a new kind of thing that can be left half done gets
a check of its own.

Several nodes may do it at once: each repair looks again, under a lock, whether it is still needed.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

# After each page so many times its own length passes before the next one.
REST = 200
# The same when the clock was set back, and timers may be silent until then.
SHORT_REST = 4
SHORTEST_REST_SECONDS = 0.01
JITTER = 0.2
# So many ids of one kind are named in the log.
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that could not be: of what, why, and what was done about it."""

    id: str
    reason: str
    repair: str


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """What a step found, and from where the next one goes on; None: that was the last."""

    position: str | None
    findings: Sequence[Finding] = ()


class Check(Protocol):
    """Looks for one kind of fault; `name` is what its metric calls it."""

    @property
    def name(self) -> str: ...

    async def step(self, position: str | None, /) -> CheckedPage:
        """Looks at the page from there on (None: the first), and repairs what it finds.

        Raises:
            StoreUnavailable: the store can't be reached.
        """


class Reconciler:
    """Passes every `interval_seconds`, more or less, on one node at a time.

    `machine_clock` is the clock by which it rests.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        duty: Duty,
        *,
        machine_clock: Clock,
        interval_seconds: float,
        settle_seconds: float = 0.0,
        chance: Callable[[], float] = random.random,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._checks = checks
        self._duty = duty
        self._machine_clock = machine_clock
        self._interval_seconds = interval_seconds
        self._settle_seconds = settle_seconds
        self._chance = chance
        self._observer = observer
        self._hurried = asyncio.Event()
        for check in checks:
            # A count that begins with its first fault hides that fault from `increase()`.
            observer.repaired(check.name, 0)

    def hurry(self) -> None:
        """Asks for a pass at once, and with short rests: the clock was set back."""
        self._hurried.set()

    async def run_once(self) -> None:
        """Waits, then passes over everything if it is this node's turn."""
        await self._wait()
        if self._hurried.is_set():
            # Live nodes put right by themselves what they hold.
            await self._machine_clock.sleep(self._settle_seconds)
            self._hurried.clear()
            await self.pass_over(SHORT_REST)
        else:
            await self.pass_over(REST)

    async def pass_over(self, rest: float = 0.0) -> list[Finding]:
        """Looks at everything once; returns what was found."""
        found: list[Finding] = []
        for check in self._checks:
            position: str | None = None
            while await self._duty.held():
                started = self._machine_clock.monotonic()
                page = await check.step(position)
                self._report(check.name, page.findings)
                found.extend(page.findings)
                took = self._machine_clock.monotonic() - started
                if (position := page.position) is None:
                    break
                # Whoever is hurried in the midst of a pass rests no longer than that.
                factor = min(rest, SHORT_REST) if self._hurried.is_set() else rest
                await self._machine_clock.sleep(
                    max(SHORTEST_REST_SECONDS, factor * took) if rest else 0
                )
            else:
                return found
        self._observer.reconciled()
        return found

    async def _wait(self) -> None:
        spread = 1 + JITTER * (2 * self._chance() - 1)
        slept = asyncio.create_task(self._machine_clock.sleep(self._interval_seconds * spread))
        hurried = asyncio.create_task(self._hurried.wait())
        try:
            await asyncio.wait((slept, hurried), return_when=asyncio.FIRST_COMPLETED)
        finally:
            slept.cancel()
            hurried.cancel()

    def _report(self, check: str, findings: Sequence[Finding]) -> None:
        if findings:
            self._observer.repaired(check, len(findings))
        told: dict[tuple[str, str], list[str]] = {}
        for finding in findings:
            told.setdefault((finding.reason, finding.repair), []).append(finding.id)
        for (reason, repair), ids in told.items():
            log.warning(
                "reconciler repaired a silent fault",
                check=check,
                reason=reason,
                repair=repair,
                count=len(ids),
                ids=ids[:MOST_TOLD],
            )
