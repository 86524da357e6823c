"""Completes, changes and checks the message of a trigger."""

import re
import secrets
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from tocsin.compilers.triggers_v1 import compile_trigger, parse_cron
from tocsin.contract.validation import Violation, validator
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import Plan
from tocsin.sources.mqtt.topics import problem_of_filter
from tocsin.wire import errors
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

MOST_PATHS = 100
MQTT_KINDS = ("iot_message", "iot_broker_message")
MAIL_DOMAIN = "serverless.yandexcloud.net"
# The default of the vendor's clients, for rules whose cutoff may be left out.
DEFAULT_CUTOFF = Duration(seconds=1)

UPDATABLE = [
    name
    for name in contract.UpdateTriggerRequest.DESCRIPTOR.fields_by_name
    if name in Trigger.DESCRIPTOR.fields_by_name
]
NAME_PATTERN = re.compile(
    contract.CreateTriggerRequest.DESCRIPTOR.fields_by_name["name"]
    .GetOptions()
    .Extensions[validation_pb2.pattern]  # type: ignore[index]
)

_violations_of_trigger = validator(Trigger.DESCRIPTOR)
# Rules of the trigger that the request's message does not have.
_violations_of_folder = validator(Trigger.DESCRIPTOR, frozenset({"folder_id"}))
_violations_of_expression = validator(Trigger.Timer.DESCRIPTOR, frozenset({"cron_expression"}))


def update_paths(request: contract.UpdateTriggerRequest) -> list[str]:
    """Returns the paths to update: those of the mask, or all without a mask (API design guide).

    Raises:
        ApiError: a path of the mask can't be updated.
    """
    # Repeated paths count once, so that a long mask costs no more.
    paths = list(dict.fromkeys(request.update_mask.paths))
    if len(paths) > MOST_PATHS:
        raise errors.invalid_field("update_mask", f"must have at most {MOST_PATHS} paths")
    unknown = [path for path in paths if not _can_be_updated(path)]
    if unknown:
        raise errors.invalid(
            [
                Violation(
                    "update_mask", f"unknown path {path[:64]!r}; expected {', '.join(UPDATABLE)}"
                )
                for path in unknown
            ]
        )
    return paths or UPDATABLE


def _can_be_updated(path: str) -> bool:
    trigger: Any = Trigger.DESCRIPTOR
    return path.split(".")[0] in UPDATABLE and FieldMask(paths=[path]).IsValidForDescriptor(trigger)


def updated(before: Trigger, request: contract.UpdateTriggerRequest, paths: list[str]) -> Trigger:
    sent = Trigger(name=request.name, description=request.description, labels=request.labels)
    if request.HasField("rule"):
        sent.rule.CopyFrom(request.rule)
    after = Trigger()
    after.CopyFrom(before)
    for path in paths:
        _keep_parents(sent, before, path)
    FieldMask(paths=paths).MergeMessage(
        sent, after, replace_message_field=True, replace_repeated_field=True
    )
    complete(after, before=before)
    return after


def _keep_parents(sent: Any, before: Any, path: str) -> None:
    """Adds empty parents to `sent`, so that a path below a message left out resets that part."""
    for name in path.split(".")[:-1]:
        if not before.HasField(name):
            return
        if not sent.HasField(name):
            getattr(sent, name).SetInParent()
        sent, before = getattr(sent, name), getattr(before, name)


def complete(trigger: Trigger, before: Trigger | None) -> None:
    """Fills in the fields that the service decides."""
    kind = trigger.rule.WhichOneof("rule")
    if kind is None:
        return
    rule: Any = getattr(trigger.rule, kind)
    if kind == "mail":
        known = before.rule.mail.email if before is not None else ""
        rule.email = known or f"{trigger.id}-{secrets.token_hex(4)}@{MAIL_DOMAIN}"
    # Terraform's provider reads the cutoff of batch_settings without checking that it is set.
    if "batch_settings" in rule.DESCRIPTOR.fields_by_name and rule.HasField("batch_settings"):
        settings = rule.batch_settings
        # A required cutoff that is missing stays the client's error.
        if not settings.HasField("cutoff") and not _is_required(settings, "cutoff"):
            settings.cutoff.CopyFrom(DEFAULT_CUTOFF)


def _is_required(message: Any, field: str) -> bool:
    options = message.DESCRIPTOR.fields_by_name[field].GetOptions()
    return bool(options.Extensions[validation_pb2.required])


def violations_of_new(request: contract.CreateTriggerRequest) -> list[Violation]:
    """Lists the violations of a new trigger beyond the options of its request."""
    folder = _violations_of_folder(Trigger(folder_id=request.folder_id))
    # The request's own rule reports a missing folder.
    return [*(folder if request.folder_id else []), *violations_of_rule(request)]


def violations_of_rule(
    request: contract.CreateTriggerRequest | contract.UpdateTriggerRequest,
) -> list[Violation]:
    """Lists the violations of a timer's cron expression or of an MQTT topic filter."""
    if kind := request.rule.WhichOneof("rule"):
        rule: Any = getattr(request.rule, kind)
        if kind in MQTT_KINDS and (problem := problem_of_filter(rule.mqtt_topic)):
            return [Violation(f"rule.{kind}.mqtt_topic", problem)]
    if request.rule.WhichOneof("rule") != "timer" or _violations_of_expression(request.rule.timer):
        return []
    try:
        parse_cron(request.rule.timer.cron_expression)
    except PlanError as error:
        return [Violation(error.field, error.reason)]
    return []


def plan_of_updated(trigger: Trigger) -> Plan:
    """Checks an updated trigger, and returns its plan.

    Raises:
        ApiError, PlanError: the trigger is wrong.
    """
    if violations := _violations_of_trigger(trigger):
        raise errors.invalid(violations)
    return compile_trigger(trigger)


def refuse_other_kind(before: Plan, after: Plan) -> None:
    if before.kind != after.kind:
        raise errors.invalid_field(
            "rule",
            f"the kind of a trigger can't be changed from {before.kind} to {after.kind}: "
            "create another trigger",
        )
    kinds = [action.target.kind for action in before.actions]
    if kinds != [action.target.kind for action in after.actions]:
        raise errors.invalid_field(
            f"rule.{after.kind}",
            f"the type of a trigger's target can't be changed, it is a {kinds[0]}: "
            "create another trigger",
        )


def is_name(text: str) -> bool:
    return bool(text) and NAME_PATTERN.fullmatch(text) is not None
