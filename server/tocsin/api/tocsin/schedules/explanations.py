"""Serves the methods of `tocsin.v1.ScheduleService` that explain what schedules did and will do."""

from collections.abc import Callable
from datetime import datetime

from tocsin.api.tocsin.schedules.evidence import gather_of_integration, gather_of_schedule
from tocsin.api.tocsin.schedules.explaining import explained_schedule
from tocsin.contract.validation import Violation
from tocsin.schedule import Clock
from tocsin.schedule.cron import FIRST_YEAR, LAST_YEAR
from tocsin.store.driver.database import Database
from tocsin.wire import errors
from tocsin.wire.resource_names import (
    LOCATION_FORM,
    SCHEDULE_FORM,
    location_of_schedule,
    parse_integration,
)
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import instant_in
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as contract
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse

INTEGRATION_FORM = f"{LOCATION_FORM}/integrations/*"


class ExplainingService:
    """Explains schedules; `limit_of` returns the most calls of a target at once."""

    def __init__(self, database: Database, clock: Clock, limit_of: Callable[[str], int]) -> None:
        self._database = database
        self._clock = clock
        self._limit_of = limit_of

    def methods(self) -> dict[str, Method]:
        return {
            "ExplainSchedule": self.explain_schedule,
            "ExplainIntegration": self.explain_integration,
        }

    async def explain_schedule(self, request: contract.ExplainScheduleRequest) -> ExplainResponse:
        """Explains why a schedule ran at an instant, or why it did not."""
        violations = []
        if location_of_schedule(request.name) is None:
            violations.append(Violation("name", f"must be {SCHEDULE_FORM}"))
        instant = _instant(request, violations)
        now = self._clock.now()
        evidence = await self._database.read(
            lambda tx: gather_of_schedule(tx, request.name, instant, now)
        )
        return explained_schedule(evidence, self._limit_of)

    async def explain_integration(
        self, request: contract.ExplainIntegrationRequest
    ) -> ExplainResponse:
        """Explains the same of the schedule of an integration's trigger."""
        violations = []
        name = parse_integration(request.name)
        if name is None or name.means_every or name.product:
            violations.append(Violation("name", f"must be {INTEGRATION_FORM}"))
        instant = _instant(request, violations)
        assert name is not None, "violations are raised"
        now = self._clock.now()
        evidence = await self._database.read(
            lambda tx: gather_of_integration(tx, name, request.trigger_id, instant, now)
        )
        return explained_schedule(evidence, self._limit_of)


def _instant(
    request: contract.ExplainScheduleRequest | contract.ExplainIntegrationRequest,
    violations: list[Violation],
) -> datetime:
    """Returns the instant of a request.

    Raises:
        ApiError: there are violations, or the instant is not set or outside the years of cron.
    """
    instant = instant_in(request, "instant")
    if instant is None:
        violations.append(Violation("instant", "Field is required"))
    elif not FIRST_YEAR <= instant.year <= LAST_YEAR:
        text = f"must be in the years {FIRST_YEAR} to {LAST_YEAR}"
        violations.append(Violation("instant", text))
    if violations:
        raise errors.invalid(violations)
    assert instant is not None, "violations are raised"
    return instant
