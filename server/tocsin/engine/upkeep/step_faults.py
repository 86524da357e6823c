"""Ends the readiness of a node while one of its engine's steps keeps failing."""

from collections.abc import Callable

import structlog

from tocsin.store.driver.database import StoreError, StoreUnavailable

log = structlog.get_logger(__name__)

# A single failure may pass by itself.
FAILURES = 3


class StepFaults:
    """Collects the steps that keep failing; the probe of the store reports a store that is away."""

    def __init__(self) -> None:
        self._failing: set[StepFault] = set()
        self._tell: Callable[[bool], None] | None = None

    def report_to(self, tell: Callable[[bool], None]) -> None:
        """Calls `tell` with False when a step begins to keep failing, and with True after it."""
        self._tell = tell
        if self._failing:
            tell(False)

    def of(self, step: str) -> "StepFault":
        """Returns what is told of each run of a step."""
        return StepFault(step, self._set_failing)

    def _set_failing(self, fault: "StepFault", failing: bool) -> None:
        (self._failing.add if failing else self._failing.discard)(fault)
        if self._tell is not None:
            self._tell(not self._failing)


class StepFault:
    """Counts how often a step failed since it last went well."""

    def __init__(self, step: str, report: Callable[["StepFault", bool], None]) -> None:
        self._step = step
        self._report = report
        self._failures = 0
        self._own_failures = 0

    def failed(self, error: Exception) -> None:
        """Logs the failure, and reports the step if it keeps failing."""
        log.error(
            "engine step failed, trying again",
            step=self._step,
            error=str(error) or type(error).__name__,
            exc_info=None if isinstance(error, StoreError) else error,
        )
        self._failures += 1
        if isinstance(error, StoreUnavailable):
            return
        self._own_failures += 1
        if self._own_failures == FAILURES:
            log.error(
                "engine step keeps failing, health is NOT_SERVING until it works again",
                step=self._step,
                error=str(error) or type(error).__name__,
            )
            self._report(self, True)

    def went_well(self) -> None:
        if self._failures:
            if self._own_failures >= FAILURES:
                self._report(self, False)
            log.info("engine step works again", step=self._step, failures=self._failures)
            self._failures = self._own_failures = 0
