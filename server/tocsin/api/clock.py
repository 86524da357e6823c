"""`tocsin.v1.ClockService`: moves the clock of a server that runs for tests."""

from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from google.protobuf.duration_pb2 import Duration

from tocsin.api import errors
from tocsin.api.serving import Context, Method
from tocsin.api.timestamps import from_duration, from_timestamp, to_timestamp
from tocsin.contract.validation import Violation, validator
from tocsin_protos.tocsin.v1 import clock_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["ClockService"]


class MovableTime(Protocol):
    """A clock that is moved by hand, and what falls due with it."""

    def now(self) -> datetime: ...

    async def next_due(self) -> datetime | None: ...

    async def advance(self, by: timedelta) -> None:
        """Moves on; returns when all that falls due on the way has been delivered."""

    async def advance_to(self, instant: datetime) -> None:
        """The same, to an instant."""


Shown = TypeVar(
    "Shown",
    contract.ClockServiceGetResponse,
    contract.ClockServiceAdvanceResponse,
    contract.ClockServiceAdvanceToResponse,
)

_violations_of_advance = validator(contract.ClockServiceAdvanceRequest.DESCRIPTOR)


class ClockService:
    def __init__(self, time: MovableTime) -> None:
        self._time = time

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get, "Advance": self.advance, "AdvanceTo": self.advance_to}

    async def get(
        self, _request: contract.ClockServiceGetRequest, _: Context
    ) -> contract.ClockServiceGetResponse:
        return await self._shown(contract.ClockServiceGetResponse())

    async def advance(
        self, request: contract.ClockServiceAdvanceRequest, _: Context
    ) -> contract.ClockServiceAdvanceResponse:
        await self._time.advance(from_duration(request.duration))
        return await self._shown(contract.ClockServiceAdvanceResponse())

    async def advance_to(
        self, request: contract.ClockServiceAdvanceToRequest, _: Context
    ) -> contract.ClockServiceAdvanceToResponse:
        instant = from_timestamp(request.instant)
        _refuse_too_far(instant - self._time.now())
        await self._time.advance_to(instant)
        return await self._shown(contract.ClockServiceAdvanceToResponse())

    async def _shown(self, response: Shown) -> Shown:
        response.now.CopyFrom(to_timestamp(self._time.now()))
        next_due = await self._time.next_due()
        if next_due is not None:
            response.next_due.CopyFrom(to_timestamp(next_due))
        return response


def _refuse_too_far(distance: timedelta) -> None:
    """An instant may be as far as the contract lets a duration be."""
    if distance < timedelta():
        raise errors.invalid_field("instant", "a clock can't go back: it is further already")
    duration = Duration()
    duration.FromTimedelta(distance)
    asked = contract.ClockServiceAdvanceRequest(duration=duration)
    if violations := _violations_of_advance(asked):
        raise errors.invalid([Violation("instant", each.description) for each in violations])
