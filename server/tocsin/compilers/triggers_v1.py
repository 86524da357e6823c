"""Compiles a trigger of `yandex.cloud.serverless.triggers.v1` into a plan."""

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cache, lru_cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from tocsin.compilers.sources_v1 import compile_source, to_timedelta
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import (
    Action,
    Batching,
    Container,
    DeadLetter,
    Function,
    MisfirePolicy,
    Plan,
    Retry,
    Source,
    Target,
    WebsocketBroadcast,
    Workflow,
)
from tocsin.schedule import Cron, CronError
from tocsin.sources.kinds.timer import TimerSource
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2

CONTRACT = trigger_pb2.DESCRIPTOR.package
# The contract has no field for the misfire policy, so a label sets it.
MISFIRE_LABEL = "tocsin/misfire"


def compile_trigger(trigger: trigger_pb2.Trigger) -> Plan:
    """Returns the plan of a trigger that passed its contract's validation.

    Raises:
        PlanError: the rule is missing, or the cron expression or one of our labels is wrong.
    """
    kind = trigger.rule.WhichOneof("rule")
    if kind is None:
        raise PlanError("rule", "Field is required")
    rule = getattr(trigger.rule, kind)
    return Plan(
        trigger_id=trigger.id,
        folder_id=trigger.folder_id,
        kind=kind,
        source=_source(kind, rule, trigger.labels),
        batching=_batching(rule),
        actions=(_action(getattr(rule, rule.WhichOneof("action"))),),
        active=trigger.status != trigger_pb2.Trigger.PAUSED,
        created_at=(
            trigger.created_at.ToDatetime(tzinfo=UTC) if trigger.HasField("created_at") else None
        ),
    )


def _source(kind: str, rule: Any, labels: Mapping[str, str]) -> Source:
    if kind != "timer":
        return compile_source(kind, rule)
    return TimerSource(parse_cron(rule.cron_expression), rule.payload, misfire_of(labels))


def parse_cron(expression: str) -> Cron:
    """Parses the cron expression of a timer.

    Raises:
        PlanError: the expression is wrong.
    """
    try:
        return _cron(expression)
    except CronError as error:
        raise PlanError("rule.timer.cron_expression", str(error)) from error


def misfire_of(labels: Mapping[str, str]) -> MisfirePolicy | None:
    """Returns the misfire policy in the labels of a trigger, or None without one.

    Raises:
        PlanError: the label names no policy.
    """
    label = labels.get(MISFIRE_LABEL)
    if label is None:
        return None
    try:
        return MisfirePolicy(label)
    except ValueError:
        known = ", ".join(MisfirePolicy)
        raise PlanError(
            f"labels[{MISFIRE_LABEL}]", f"must be one of {known}, but was {label!r}"
        ) from None


# A timer's expression is parsed at every tick, and timers often share one.
_cron = lru_cache(maxsize=1024)(Cron)


@cache
def _fields(descriptor: Descriptor) -> frozenset[str]:
    """Returns the names of a message type's fields."""
    return frozenset(descriptor.fields_by_name)


def _batching(rule: Any) -> Batching | None:
    if "batch_settings" not in _fields(rule.DESCRIPTOR):
        return None
    settings = rule.batch_settings
    # A size that is left out means 1: each event makes a call by itself, and the cutoff is moot.
    size = max(1, settings.size)
    cutoff = to_timedelta(settings.cutoff)
    if isinstance(settings, trigger_pb2.DataStreamBatchSettings):
        return Batching(None, cutoff, size_bytes=size)
    return Batching(size, cutoff)


def _action(invoke: Any) -> Action:
    fields = _fields(invoke.DESCRIPTOR)
    retry = dead_letter = None
    if "retry_settings" in fields and invoke.HasField("retry_settings"):
        settings = invoke.retry_settings
        retry = Retry(attempts=settings.retry_attempts, interval=to_timedelta(settings.interval))
    if "dead_letter_queue" in fields and invoke.HasField("dead_letter_queue"):
        queue = invoke.dead_letter_queue
        dead_letter = DeadLetter(queue.queue_id, queue.service_account_id)
    return Action(TARGETS[type(invoke)](invoke), retry, dead_letter)


def _function(invoke: Any) -> Target:
    return Function(invoke.function_id, invoke.function_tag, invoke.service_account_id)


def _container(invoke: Any) -> Target:
    return Container(invoke.container_id, invoke.path, invoke.service_account_id)


def _workflow(invoke: Any) -> Target:
    return Workflow(invoke.workflow_id, invoke.service_account_id)


def _websocket_broadcast(invoke: Any) -> Target:
    return WebsocketBroadcast(invoke.gateway_id, invoke.path, invoke.service_account_id)


TARGETS: dict[type[Message], Callable[[Any], Target]] = {
    trigger_pb2.InvokeFunctionOnce: _function,
    trigger_pb2.InvokeFunctionWithRetry: _function,
    trigger_pb2.InvokeContainerOnce: _container,
    trigger_pb2.InvokeContainerWithRetry: _container,
    trigger_pb2.StartWorkflowOnce: _workflow,
    trigger_pb2.StartWorkflowWithRetry: _workflow,
    trigger_pb2.GatewayWebsocketBroadcast: _websocket_broadcast,
}


def load_plan(message: bytes) -> Plan:
    """Returns the plan of a stored trigger.

    Raises:
        ValueError: the bytes are not a valid trigger.
    """
    try:
        return compile_trigger(trigger_pb2.Trigger.FromString(message))
    except DecodeError as error:
        raise ValueError("it is not a trigger's message") from error
