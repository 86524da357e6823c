"""Serves `tocsin.v1.OverviewService`, which shows how everything stands."""

from functools import partial

from tocsin.api.tocsin.overview.activity import Activity, read_failures
from tocsin.api.tocsin.overview.forecast import Forecast
from tocsin.api.tocsin.overview.keeping import Kept
from tocsin.api.tocsin.overview.trouble import read_nodes, read_overdue, read_silent_sources
from tocsin.api.tocsin.overview.view import View
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.wire.calls import Call
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import overview_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["OverviewService"]

# Seconds that answers are kept; cron expressions change seldom.
KEPT_SECONDS, FORECAST_KEPT_SECONDS = 2.0, 10.0


class OverviewService:
    """Serves `OverviewService`.

    `clock` is that by which triggers fire, `shared_clock` that by which nodes say that they are
    there. Only if it `keeps` answers, they are some seconds old: who moves a clock wants to see
    what came of it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        shared_clock: Clock,
        machine_clock: Clock,
        *,
        keeps: bool,
    ) -> None:
        self._database = database
        self._clock = clock
        self._shared_clock = shared_clock
        self._activity = Activity(database, keeps=keeps)
        self._answers = Kept[contract.OverviewServiceGetResponse](
            machine_clock, KEPT_SECONDS if keeps else 0.0
        )
        self._forecasts = Kept[contract.Forecast](
            machine_clock, FORECAST_KEPT_SECONDS if keeps else 0.0
        )

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get}

    async def get(
        self, request: contract.OverviewServiceGetRequest, call: Call
    ) -> contract.OverviewServiceGetResponse:
        """Shows what the caller may see, or what belongs to a folder."""
        view = View(request.folder_id, call)
        return await self._answers.of(view.key, partial(self._read, view))

    async def _read(self, view: View) -> contract.OverviewServiceGetResponse:
        now, read = self._clock.now(), self._database.read
        forecast = Forecast(self._database, view, now)
        answer = contract.OverviewServiceGetResponse(
            read_at=to_timestamp(now),
            forecast=await self._forecasts.of(view.key, forecast.read),
            activity=await self._activity.read(view, now),
            failures=await read(partial(read_failures, view=view, now=now)),
            overdue=await read(partial(read_overdue, view=view, now=now)),
            silent_sources=await read(partial(read_silent_sources, view=view)),
        )
        if view.sees_nodes:
            answer.nodes.extend(await read(partial(read_nodes, now=self._shared_clock.now())))
        return answer
