"""Refuses rules that their contract's options allow, but that could never fire as written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from google.protobuf.duration_pb2 import Duration

from tocsin.compilers.triggers_v1 import MISFIRE_LABEL, misfire_of, parse_cron
from tocsin.contract.ranges import NANOS, duration_nanos, parse_range, shown_duration
from tocsin.contract.validation import REQUIRED, Violation, validator
from tocsin.plans.errors import PlanError
from tocsin.sources.mqtt.topics import problem_of_filter
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

# A message with a rule and labels.
Ruled: TypeAlias = contract.CreateTriggerRequest | contract.UpdateTriggerRequest | Trigger

_violations_of_expression = validator(Trigger.Timer.DESCRIPTOR, frozenset({"cron_expression"}))


def _unbounded(descriptor: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the paths of durations for which the contract names no lower bound."""
    for field in descriptor.fields:
        inner, path = field.message_type, (*above, field.name)
        if inner is None or field.is_repeated:
            continue
        if inner is not Duration.DESCRIPTOR:
            yield from _unbounded(inner, path)
            continue
        limits = field.GetOptions().Extensions[validation_pb2.value]
        if not limits or parse_range(limits, duration_nanos, field.full_name, "value").low < 0:
            yield path


_UNBOUNDED = {
    field.name: tuple(_unbounded(field.message_type)) for field in Trigger.Rule.DESCRIPTOR.fields
}


def violations_of_rule(message: Ruled) -> list[Violation]:
    """Lists the violations of a rule, and of the labels that belong to it, beyond the options."""
    violations = list(_misfire(message.labels)) if MISFIRE_LABEL in message.labels else []
    if kind := message.rule.WhichOneof("rule"):
        rule: Any = getattr(message.rule, kind)
        for field, description in (*_negative(rule, _UNBOUNDED[kind]), *_problems(kind, rule)):
            violations.append(Violation(f"rule.{kind}.{field}", description))
    return violations


def _problems(kind: str, rule: Any) -> Iterator[tuple[str, str]]:
    """Yields fields of a rule, and what is wrong with them."""
    match kind:
        case "timer":
            yield from _cron(rule)
        case "iot_message" | "iot_broker_message":
            if problem := problem_of_filter(rule.mqtt_topic):
                yield "mqtt_topic", problem
        case "object_storage" | "container_registry":
            yield from _event_types(rule)
        case "cloud_logs":
            yield from _log_groups(rule.log_group_id)


def _negative(rule: Any, paths: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for path in paths:
        value = rule
        for name in path:
            value = getattr(value, name)
        nanos = value.seconds * NANOS + value.nanos
        # Of a duration whose parts have different signs, its contract's check says more.
        if nanos < 0 and value.seconds <= 0 and value.nanos <= 0:
            yield ".".join(path), f"Value must be at least 0s, but was {shown_duration(nanos)}"


def _cron(timer: Any) -> Iterator[tuple[str, str]]:
    if _violations_of_expression(timer):
        return
    try:
        parse_cron(timer.cron_expression)
    except PlanError as error:
        yield "cron_expression", error.reason


def _event_types(rule: Any) -> Iterator[tuple[str, str]]:
    names = rule.DESCRIPTOR.fields_by_name["event_type"].enum_type.values_by_number
    for index, number in enumerate(rule.event_type):
        if number == 0:
            yield f"event_type[{index}]", f"must be a type of event, not {names[0].name}"


def _log_groups(groups: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not groups:
        yield "log_group_id", REQUIRED
    for index, group in enumerate(groups):
        if not group:
            yield f"log_group_id[{index}]", "must not be empty"


def _misfire(labels: Mapping[str, str]) -> Iterator[Violation]:
    try:
        misfire_of(labels)
    except PlanError as error:
        yield Violation(error.field, error.reason)
