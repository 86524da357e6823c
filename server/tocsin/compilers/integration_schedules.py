"""Compiles the schedules of a version: when they fire, and what they run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.compilers.declared_parameters import Input, accepted
from tocsin.compilers.integration_versions import VERSION, Offer, offer_of
from tocsin.compilers.integrations import payload_form
from tocsin.plans.errors import PlanError
from tocsin.schedule import CronError, UnixCron
from tocsin.schedule.clock_changes import LINTED
from tocsin.wire.resource_names import integration_name
from tocsin_protos.google.cloud.integrations.v1alpha import integration_version_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as versions
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo

TIME_ZONE = "Time zone"
USUAL_ZONE = "UTC"
SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
TriggerConfig = contract.TriggerConfig


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """What one schedule of a published version runs.

    Attributes:
        location: the project and location.
        origin: the name of the integration.
        trigger_id: the trigger of the schedule.
        cron: when it fires.
        offer: the integration.
        given: the input, which is made of defaults.
    """

    location: str
    origin: str
    trigger_id: str
    cron: UnixCron
    offer: Offer
    given: Input

    def payload(self, execution_id: str, tick: datetime) -> bytes:
        """Returns the body of the request to the integration's URL."""
        form = payload_form(self.offer.name, self.trigger_id)
        return form.payload(execution_id, tick, self.given.plain)

    def message(self, execution_id: str) -> bytes:
        """Returns the ExecutionInfo that the API shows."""
        info = ExecutionInfo(
            integration=self.offer.name,
            integration_snapshot_number=self.offer.snapshot_number,
            project_id=self.location.split("/")[1],
            trigger_id=self.trigger_id,
            execution_id=execution_id,
            execution_method=ExecutionInfo.SCHEDULE,
        )
        for key, parameter in self.given.shown.items():
            info.request_params[key].CopyFrom(parameter)
        return info.SerializeToString()


def decided_key(origin: str, trigger_id: str) -> str:
    """Returns the key of decisions about the schedule of an integration's trigger."""
    return f"{origin}/{trigger_id}"


def expressions_of(version: contract.IntegrationVersion) -> dict[str, tuple[str, str]]:
    """Returns the cron expressions of a version's schedules and their zones, by their triggers."""
    return {
        trigger.trigger_id: (trigger.cloud_scheduler_config.cron_tab, _zone_of(trigger))
        for _, trigger in _scheduled(version)
        if trigger.cloud_scheduler_config.cron_tab
    }


def origin_of(location: str, integration: str) -> str:
    """Returns the origin of an integration's executions, which is its full name."""
    return integration_name(location, integration)


def crons_of(message: bytes) -> dict[str, UnixCron]:
    """Returns the schedules of a stored version, by their triggers.

    Raises:
        ValueError: one can't be read here.
    """
    return schedules_of(contract.IntegrationVersion.FromString(message))


def schedules_of(version: contract.IntegrationVersion) -> dict[str, UnixCron]:
    """Returns the schedules of a version, by their triggers.

    Raises:
        CronError: one can't be read here.
    """
    return {
        trigger.trigger_id: _cron_of(trigger)
        for _, trigger in _scheduled(version)
        if trigger.cloud_scheduler_config.cron_tab
    }


def load_run(
    message: bytes,
    published_with: bytes,
    *,
    location: str,
    integration: str,
    snapshot_number: int,
    trigger_id: str,
) -> ScheduledRun:
    """Compiles what a schedule of a stored version runs.

    Raises:
        ValueError: it can't be compiled here; the message says why.
    """
    version = contract.IntegrationVersion.FromString(message)
    request = versions.PublishIntegrationVersionRequest.FromString(published_with)
    config = request.config_parameters
    offer = offer_of(
        version,
        config,
        location=location,
        integration=integration,
        snapshot_number=snapshot_number,
    )
    cron = schedules_of(version).get(trigger_id)
    if cron is None:
        raise ValueError(f"the version has no schedule {trigger_id}")
    given = Input({}, {}) if offer.declared is None else accepted(offer.declared, Input({}, {}))
    origin = integration_name(location, integration)
    return ScheduledRun(location, origin, trigger_id, cron, offer, given)


def faults_of_schedules(
    version: contract.IntegrationVersion, *, published: bool
) -> Iterator[PlanError]:
    """Yields what is wrong with the schedules of a version; a draft need not be complete."""
    for index, trigger in _scheduled(version):
        place = f"{VERSION}.trigger_configs[{index}]"
        field = f"{place}.cloud_scheduler_config.cron_tab"
        if not trigger.cloud_scheduler_config.cron_tab:
            if published:
                yield PlanError(field, "is required: five fields, such as 0 9 * * 1-5")
            continue
        try:
            cron = _cron_of(trigger)
        except CronError as error:
            yield PlanError(field, str(error))
            continue
        if cron.next(SOME_TIME) is None:
            yield PlanError(field, "never fires")
    if not published or not any(True for _ in _scheduled(version)):
        return
    for index, parameter in enumerate(version.integration_parameters):
        taken = parameter.input_output_type in (
            contract.IntegrationParameter.IN,
            contract.IntegrationParameter.IN_OUT,
        )
        if taken and not parameter.HasField("default_value"):
            yield PlanError(
                f"{VERSION}.integration_parameters[{index}].default_value",
                "is required, because a schedule gives no input",
            )


def lint_of(version: contract.IntegrationVersion, now: datetime) -> list[str]:
    """Returns the next dates on which schedules meet a change of their clocks."""
    found = []
    for trigger_id, cron in schedules_of(version).items():
        if words := str(cron.surprises(now, now + LINTED)):
            found.append(f"{trigger_id}: {words}")
    return found


def _scheduled(version: contract.IntegrationVersion) -> Iterator[tuple[int, TriggerConfig]]:
    for index, trigger in enumerate(version.trigger_configs):
        if trigger.trigger_type == TriggerConfig.CLOUD_SCHEDULER:
            yield index, trigger


def _cron_of(trigger: TriggerConfig) -> UnixCron:
    return UnixCron(trigger.cloud_scheduler_config.cron_tab, _zone_of(trigger))


def _zone_of(trigger: TriggerConfig) -> str:
    return trigger.properties.get(TIME_ZONE, "") or USUAL_ZONE
