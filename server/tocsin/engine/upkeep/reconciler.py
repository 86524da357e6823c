"""Finds and repairs faults in the store that nothing else would notice, and logs them.

The reconciler reads everything a page at a time, and pauses between pages for so long that the load
is negligible: a pass over a million triggers takes an hour or two. A check says what a page is and
what is repaired; a new kind of work that can be left half done gets its own check.

Several nodes may run it at once, as each repair checks again under a lock that it is needed.
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

# The pause after a page, as a multiple of the time that the page took.
REST = 200
# The same when the clock may have been set back, as timers may be silent until the pass.
SHORT_REST = 4
SHORTEST_REST_SECONDS = 0.01
JITTER = 0.2
# Most ids in one log line.
MOST_LOGGED = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Holds one fault: the id of the row, what was wrong, and how it was repaired."""

    id: str
    reason: str
    repair: str


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """Holds the findings of a step, and the position of the next one; None after the last."""

    position: str | None
    findings: Sequence[Finding] = ()


class Check(Protocol):
    """Finds and repairs one kind of fault; `name` is its label in the metric."""

    @property
    def name(self) -> str: ...

    async def step(self, position: str | None, /) -> CheckedPage:
        """Checks the page after a position (None for the first), and repairs its faults.

        Raises:
            StoreUnavailable: the store can't be reached.
        """


class Reconciler:
    """Makes a pass about every `interval_seconds`, on one node at a time.

    `machine_clock` times the pauses.
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
            # A series must begin at 0, or `increase()` misses its first fault.
            observer.repaired(check.name, 0)

    def hurry(self) -> None:
        """Makes a pass start at once with short pauses: the clock may have been set back."""
        self._hurried.set()

    async def run_once(self) -> None:
        """Waits, then makes a pass if this node has the duty."""
        await self._wait()
        if self._hurried.is_set():
            # Living nodes correct their own leases first.
            await self._machine_clock.sleep(self._settle_seconds)
            self._hurried.clear()
            await self.pass_over(SHORT_REST)
        else:
            await self.pass_over(REST)

    async def pass_over(self, rest: float = 0.0) -> list[Finding]:
        """Makes one pass, and returns the findings."""
        findings: list[Finding] = []
        for check in self._checks:
            position: str | None = None
            while await self._duty.held():
                started = self._machine_clock.monotonic()
                page = await check.step(position)
                self._report(check.name, page.findings)
                findings.extend(page.findings)
                took = self._machine_clock.monotonic() - started
                if (position := page.position) is None:
                    break
                # A pass that is hurried takes short pauses from then on.
                factor = min(rest, SHORT_REST) if self._hurried.is_set() else rest
                await self._machine_clock.sleep(
                    max(SHORTEST_REST_SECONDS, factor * took) if rest else 0
                )
            else:
                return findings
        self._observer.reconciled()
        return findings

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
        by_reason: dict[tuple[str, str], list[str]] = {}
        for finding in findings:
            by_reason.setdefault((finding.reason, finding.repair), []).append(finding.id)
        for (reason, repair), ids in by_reason.items():
            log.warning(
                "reconciler repaired a silent fault",
                check=check,
                reason=reason,
                repair=repair,
                count=len(ids),
                ids=ids[:MOST_LOGGED],
            )
