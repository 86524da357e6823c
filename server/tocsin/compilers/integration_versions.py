"""Compiles a version of `google.cloud.integrations.v1alpha` into what its executions call."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct, Value

from tocsin.compilers.declared_parameters import (
    Declared,
    declared_of,
    faults_of_declarations,
    outputs_of_version,
)
from tocsin.compilers.integrations import integration_action
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import Action, Integration, Retry, action_to_json, target_key
from tocsin_protos.google.cloud.integrations.v1alpha import integration_version_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_state_pb2 import IntegrationState

VERSION = "integration_version"
# "Call REST Endpoint", the task by which Google's integrations call a URL.
REST_TASK = "GenericRestV2Task"
TRIGGER_NAME = "Trigger name"
TriggerConfig = contract.TriggerConfig
# How the id of a trigger begins if it is made of the trigger's name.
PREFIXES = {
    TriggerConfig.TRIGGER_TYPE_UNSPECIFIED: "api_trigger",
    TriggerConfig.API: "api_trigger",
    TriggerConfig.PRIVATE_TRIGGER: "private_trigger",
    TriggerConfig.CLOUD_SCHEDULER: "cloud_scheduler_trigger",
}
GROWTHS: Mapping[str, Any] = {
    "FIXED_INTERVAL": "fixed",
    "LINEAR_BACKOFF": "linear",
    "EXPONENTIAL_BACKOFF": "exponential",
    # The whole integration is one call.
    "RESTART_INTEGRATION_WITH_BACKOFF": "exponential",
}
NO_RETRY = ("", "RETRY_STRATEGY_UNSPECIFIED", "NONE", "FATAL")
MOST_RETRIES = 100
LONGEST_INTERVAL = timedelta(days=1)
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_REFERENCE = re.compile(r"\$([^$]+)\$")
# Returns why a URL is not called, or None.
RefusalOfUrl: TypeAlias = Callable[[str], str | None]
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Offer:
    """An integration that can be run.

    Attributes:
        name: the last part of its name.
        triggers: the ids of its triggers.
        action: what an execution calls, as JSON.
        waited_action: the same if the caller waits, with the retries of such calls.
        target: the key of the target.
        snapshot_number: the number of the version; 0 for an integration of the settings.
        declared: its parameters; None if it takes any.
        state: that of a version that is tested, or unspecified if it is published.
    """

    name: str
    triggers: frozenset[str]
    action: str
    waited_action: str
    target: str
    snapshot_number: int = 0
    declared: tuple[Declared, ...] | None = None
    state: IntegrationState = IntegrationState.INTEGRATION_STATE_UNSPECIFIED


def configured_offer(name: str, triggers: list[str]) -> Offer:
    """Returns an integration of the settings."""
    action = integration_action(name)
    return Offer(name, frozenset(triggers), action, action, target_key(Integration(name)))


def offer_of(
    version: contract.IntegrationVersion,
    config_parameters: Mapping[str, Value],
    *,
    location: str,
    integration: str,
    snapshot_number: int,
) -> Offer:
    """Returns a version that has no faults as what can be run."""
    [(_, task)] = _rest_tasks(version)
    url = _resolved(_url(task), _config_values(version, config_parameters))
    account, outputs = version.run_as_service_account, outputs_of_version(version)
    target = Integration(integration, location, url, account, outputs)
    waited = "synchronousCallFailurePolicy" if _has_synchronous(task) else "failurePolicy"
    return Offer(
        integration,
        frozenset(trigger.trigger_id for trigger in version.trigger_configs),
        action_to_json(Action(target, _retry_of(_policy(task, "failurePolicy")))),
        action_to_json(Action(target, _retry_of(_policy(task, waited)))),
        target_key(target),
        snapshot_number,
        declared_of(version),
    )


def name_triggers(version: contract.IntegrationVersion) -> None:
    """Gives triggers without an id the one that their name makes."""
    for trigger in version.trigger_configs:
        name = trigger.properties.get(TRIGGER_NAME)
        prefix = PREFIXES.get(trigger.trigger_type)
        if not trigger.trigger_id and name and prefix:
            trigger.trigger_id = f"{prefix}/{name}"


def accounts_of_version(version: contract.IntegrationVersion) -> frozenset[str]:
    """Returns the service accounts that a version names."""
    schedules = (trigger.cloud_scheduler_config for trigger in version.trigger_configs)
    named = (version.run_as_service_account, *(each.service_account_email for each in schedules))
    return frozenset(account for account in named if account)


def faults_of_draft(version: contract.IntegrationVersion, refusal: RefusalOfUrl) -> list[PlanError]:
    """Returns what is wrong with a draft, which need not be complete."""
    triggers = [trigger.trigger_id for trigger in version.trigger_configs]
    keys = [parameter.key for parameter in version.integration_parameters]
    return [
        *_repeated("trigger_configs", "trigger_id", triggers),
        *_repeated("integration_parameters", "key", keys),
        *faults_of_declarations(version, VERSION),
        *_faults_of_urls(version, {}, refusal),
    ]


def faults_of_published(
    version: contract.IntegrationVersion,
    config_parameters: Mapping[str, Value],
    refusal: RefusalOfUrl,
) -> list[PlanError]:
    """Returns why a version can't be published."""
    faults = faults_of_draft(version, refusal)
    tasks = _rest_tasks(version)
    if len(tasks) != 1:
        faults.append(
            PlanError(
                f"{VERSION}.task_configs",
                f"must have one task of the kind {REST_TASK}, whose parameter url is called; "
                f"it has {len(tasks)}",
            )
        )
    if not version.trigger_configs:
        faults.append(PlanError(f"{VERSION}.trigger_configs", "must have one trigger at least"))
    for index, trigger in enumerate(version.trigger_configs):
        if not trigger.trigger_id:
            faults.append(
                PlanError(
                    f"{VERSION}.trigger_configs[{index}].trigger_id",
                    f"is required, or the property {TRIGGER_NAME!r} of which it is made",
                )
            )
    for index, task in tasks:
        faults += _faults_of_task(index, task)
    if len(tasks) == 1 and not faults:
        faults += _faults_of_urls(version, config_parameters, refusal, needed=True)
    return faults


def _repeated(field: str, name: str, values: list[str]) -> Iterator[PlanError]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value and value in seen:
            yield PlanError(f"{VERSION}.{field}[{index}].{name}", f"{value[:64]!r} is there twice")
        seen.add(value)


def _rest_tasks(version: contract.IntegrationVersion) -> list[tuple[int, dict[str, Any]]]:
    return [
        (index, json_format.MessageToDict(task))
        for index, task in enumerate(version.task_configs)
        if _kind(task) == REST_TASK
    ]


def _kind(task: Struct) -> str:
    return task.fields["task"].string_value if "task" in task.fields else ""


def _within(value: Any, *path: str) -> Any:
    """Returns what is at a path of JSON objects, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _url(task: Mapping[str, Any]) -> str:
    url = _within(task, "parameters", "url", "value", "stringValue")
    return url if isinstance(url, str) else ""


def _config_values(
    version: contract.IntegrationVersion, config_parameters: Mapping[str, Value]
) -> dict[str, str]:
    """Returns the texts of config parameters, by their keys without backticks."""
    values: dict[str, str] = {}
    for each in version.integration_config_parameters:
        value = each.value if each.HasField("value") else each.parameter.default_value
        values[each.parameter.key.strip("`")] = value.string_value
    for key, sent in config_parameters.items():
        values[key.strip("`")] = sent.string_value
    return values


def _resolved(text: str, values: Mapping[str, str]) -> str:
    """Returns a text with the value of the config parameter that it stands for."""
    match = _REFERENCE.fullmatch(text)
    return text if match is None else values.get(match[1].strip("`"), "")


def _faults_of_urls(
    version: contract.IntegrationVersion,
    config_parameters: Mapping[str, Value],
    refusal: RefusalOfUrl,
    *,
    needed: bool = False,
) -> Iterator[PlanError]:
    values = _config_values(version, config_parameters)
    for index, task in _rest_tasks(version):
        field = f"{VERSION}.task_configs[{index}].parameters[url].value.string_value"
        url = _resolved(_url(task), values)
        if url:
            if why := refusal(url):
                yield PlanError(field, why)
        elif needed:
            yield PlanError(field, _missing(_url(task)))


def _missing(text: str) -> str:
    """Says which URL a version lacks; the text may stand for one that nobody gave."""
    if match := _REFERENCE.fullmatch(text):
        return f"the config parameter {match[1][:64]} has no value, which is the URL to call"
    return "is required: the URL to call, or $`NAME`$ of a config parameter that has it"


def _faults_of_task(index: int, task: Mapping[str, Any]) -> Iterator[PlanError]:
    field = f"{VERSION}.task_configs[{index}]"
    method = _within(task, "parameters", "httpMethod", "value", "stringValue")
    if method not in (None, "", "POST"):
        yield PlanError(
            f"{field}.parameters[httpMethod].value.string_value",
            f"must be POST, with which executions are sent, not {str(method)[:32]!r}",
        )
    for name in ("failurePolicy", "synchronousCallFailurePolicy"):
        yield from _faults_of_policy(f"{field}.{name}", task.get(name))
    conditional = task.get("conditionalFailurePolicies")
    default = _within(conditional, "defaultFailurePolicy")
    yield from _faults_of_policy(
        f"{field}.conditionalFailurePolicies.defaultFailurePolicy", default
    )
    listed = _within(conditional, "failurePolicies")
    for number, policy in enumerate(listed if isinstance(listed, list) else ()):
        path = f"{field}.conditionalFailurePolicies.failurePolicies[{number}]"
        yield from _faults_of_policy(path, policy)


def _faults_of_policy(field: str, policy: Any) -> Iterator[PlanError]:
    if policy is None:
        return
    if not isinstance(policy, dict):
        yield PlanError(field, "must be an object")
        return
    strategy = policy.get("retryStrategy") or ""
    if policy.get("condition"):
        yield PlanError(f"{field}.condition", "conditions are not evaluated: leave it out")
    if strategy in NO_RETRY:
        return
    if strategy not in GROWTHS:
        known = ", ".join((*NO_RETRY[2:], *GROWTHS))
        yield PlanError(
            f"{field}.retryStrategy", f"must be one of {known}, not {str(strategy)[:64]!r}"
        )
        return
    retries = policy.get("maxRetries")
    if retries not in range(1, MOST_RETRIES + 1):
        yield PlanError(f"{field}.maxRetries", f"must be a whole number from 1 to {MOST_RETRIES}")
    interval = _interval(policy.get("intervalTime"))
    if interval is None or not timedelta(seconds=1) <= interval <= LONGEST_INTERVAL:
        yield PlanError(
            f"{field}.intervalTime",
            'must be from 1 second to 1 day, as "1970-01-01T00:00:30Z" or "30s"',
        )


def _interval(sent: Any) -> timedelta | None:
    """Returns an interval that is written as the instant so long after the epoch, or in seconds."""
    if not isinstance(sent, str):
        return None
    if match := _SECONDS.fullmatch(sent):
        return timedelta(seconds=float(match[1]))
    try:
        return datetime.fromisoformat(sent) - EPOCH
    except (ValueError, TypeError):
        return None


def _has_synchronous(task: Mapping[str, Any]) -> bool:
    return bool(_within(task, "synchronousCallFailurePolicy", "retryStrategy"))


def _policy(task: Mapping[str, Any], name: str) -> Any:
    """Returns the policy in force: a conditional one without a condition takes precedence."""
    conditional = task.get("conditionalFailurePolicies")
    listed = _within(conditional, "failurePolicies")
    default = _within(conditional, "defaultFailurePolicy")
    return next(iter(listed or ()), None) or default or task.get(name)


def _retry_of(policy: Any) -> Retry | None:
    growth = GROWTHS.get(_within(policy, "retryStrategy") or "")
    if growth is None:
        return None
    interval = _interval(policy["intervalTime"])
    assert interval is not None, "policies are checked before they are compiled"
    return Retry(int(policy["maxRetries"]), interval, growth)
