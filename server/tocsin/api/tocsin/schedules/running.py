"""Makes the executions of schedules."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.api.google.executions.orders import Order, input_of, matching
from tocsin.api.google.integrations.catalog import Catalog
from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.parameters import named_parameters
from tocsin.plans.errors import PlanError
from tocsin.store.invocations.rows import Invocation
from tocsin.store.schedules.rows import StoredSchedule
from tocsin.wire.errors import ApiError
from tocsin.wire.ids import Ids
from tocsin.wire.resource_names import parse_integration
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule


class ScheduleRuns:
    """Makes the executions of schedules, of what can be run now."""

    def __init__(self, catalog: Catalog, ids: Ids) -> None:
        self._catalog = catalog
        self._ids = ids

    async def offers(self, parent: str) -> Mapping[str, Offer]:
        """Returns what can be run in a project and location.

        Raises:
            StoreError: the store can't be read.
        """
        return await self._catalog.offers(parent)

    def execution(
        self,
        schedule: StoredSchedule,
        offers: Mapping[str, Offer],
        tick: datetime,
        now: datetime,
        again: str = "",
    ) -> Invocation:
        """Returns the execution of an instant, which is one on any number of nodes.

        Args:
            schedule: the schedule.
            offers: what can be run in its location.
            tick: the instant.
            now: the time now.
            again: tells an execution apart from others of the same instant.

        Raises:
            PlanError: the integration can't be run.
        """
        message = Schedule.FromString(schedule.message)
        name = parse_integration(schedule.integration)
        if name is None:
            raise PlanError("integration", f"{schedule.integration} is not an integration")
        order = Order(
            name,
            message.trigger_id,
            ExecutionInfo.SCHEDULE,
            tick,
            now,
            input_of(named_parameters("input_parameters", message.input_parameters)),
        )
        try:
            [offer] = matching(offers, name, message.trigger_id)
            execution = order.execution(offer, self._ids.new_uuid)
        except ApiError as error:
            raise PlanError("integration", error.message) from None
        occurrence = f"{schedule.name}/{tick.isoformat()}"
        if again:
            occurrence += f"/{again}"
        return execution._replace(occurrence=occurrence)
