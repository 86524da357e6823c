"""Serves `tocsin.v1.ClockService`, which moves the clock of a server that runs for tests."""

from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from tocsin.schedule import LATEST
from tocsin.wire import errors
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import from_duration, from_timestamp, to_timestamp
from tocsin_protos.tocsin.v1 import clock_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["ClockService"]


class MovableTime(Protocol):
    """Moves a manual clock, and delivers what falls due."""

    def now(self) -> datetime: ...

    async def next_due(self) -> datetime | None: ...

    async def advance(self, by: timedelta) -> None:
        """Moves the clock forward; returns when everything that fell due has been delivered."""

    async def advance_to(self, instant: datetime) -> None:
        """Moves the clock to an instant; returns when everything that fell due was delivered."""


Response = TypeVar(
    "Response",
    contract.ClockServiceGetResponse,
    contract.ClockServiceAdvanceResponse,
    contract.ClockServiceAdvanceToResponse,
)

# A limit for one move, so that a mistyped year does not keep a server busy for hours.
LONGEST_MOVE = timedelta(days=400)


class ClockService:
    """Serves `ClockService` on a manual clock."""

    def __init__(self, time: MovableTime) -> None:
        self._time = time

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get, "Advance": self.advance, "AdvanceTo": self.advance_to}

    async def get(
        self, _request: contract.ClockServiceGetRequest
    ) -> contract.ClockServiceGetResponse:
        """Returns the time, and when something is due next."""
        return await self._with_times(contract.ClockServiceGetResponse())

    async def advance(
        self, request: contract.ClockServiceAdvanceRequest
    ) -> contract.ClockServiceAdvanceResponse:
        """Moves the clock by a duration, and delivers what falls due."""
        by = from_duration(request.duration)
        self._check_move("duration", by)
        await self._time.advance(by)
        return await self._with_times(contract.ClockServiceAdvanceResponse())

    async def advance_to(
        self, request: contract.ClockServiceAdvanceToRequest
    ) -> contract.ClockServiceAdvanceToResponse:
        """Moves the clock to an instant, and delivers what falls due."""
        instant = from_timestamp(request.instant)
        by = instant - self._time.now()
        self._check_move("instant", by)
        await self._time.advance_to(instant)
        return await self._with_times(contract.ClockServiceAdvanceToResponse())

    async def _with_times(self, response: Response) -> Response:
        response.now.CopyFrom(to_timestamp(self._time.now()))
        next_due = await self._time.next_due()
        if next_due is not None:
            response.next_due.CopyFrom(to_timestamp(next_due))
        return response

    def _check_move(self, field: str, distance: timedelta) -> None:
        if distance < timedelta():
            raise errors.invalid_field(field, "must not be in the past: a clock can't go back")
        if distance > LONGEST_MOVE:
            raise errors.invalid_field(
                field, f"one move must not exceed {LONGEST_MOVE.days} days; make several moves"
            )
        if self._time.now() + distance >= LATEST:
            raise errors.invalid_field(
                field, f"must not lead beyond the year {LATEST.year - 1}, the last one of a clock"
            )
