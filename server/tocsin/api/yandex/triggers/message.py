"""Completes, changes and checks the message of a trigger."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from typing import Any

from google.protobuf.duration_pb2 import Duration

from tocsin.api.yandex.triggers.masks import merge, sent_part
from tocsin.api.yandex.triggers.rules import violations_of_rule
from tocsin.compilers.triggers_v1 import compile_trigger
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import Violation, validator
from tocsin.plans.plan import Plan
from tocsin.wire import errors
from tocsin.wire.paging import LARGEST_PAGE_BYTES
from tocsin_protos.tocsin.v1 import trigger_setup_service_pb2 as setup
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

MAIL_DOMAIN = "serverless.yandexcloud.net"
# The default of the vendor's clients, for rules whose cutoff may be left out.
DEFAULT_CUTOFF = Duration(seconds=1)

NAME_PATTERN = re.compile(
    contract.CreateTriggerRequest.DESCRIPTOR.fields_by_name["name"]
    .GetOptions()
    .Extensions[validation_pb2.pattern]  # type: ignore[index]
)

_violations_of_trigger = validator(Trigger.DESCRIPTOR)
_violations_beside_rule = validator(
    Trigger.DESCRIPTOR, frozenset(Trigger.DESCRIPTOR.fields_by_name) - {"rule"}
)
_violations_of_request = validator(contract.CreateTriggerRequest.DESCRIPTOR)
_violations_of_update = validator(contract.UpdateTriggerRequest.DESCRIPTOR)
# Rules of the trigger that the message of its request, which has the same field, does not have.
_violations_of_folder = validator(Trigger.DESCRIPTOR, frozenset({"folder_id"}))


def updated(
    before: Trigger, request: contract.UpdateTriggerRequest, paths: Iterable[str]
) -> Trigger:
    """Returns the trigger with the paths written from the request.

    Raises:
        ApiError: a path does not fit the trigger.
    """
    after = Trigger()
    after.CopyFrom(before)
    merge(request, after, paths)
    complete(after, before=before)
    return after


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
    return [
        # The request's own rule reports a missing folder.
        *(_violations_of_folder(request) if request.folder_id else []),
        *_violations_of_name(request.folder_id),
        *violations_of_rule(request),
        *_violations_of_size(request),
    ]


def violations_of_new_paused(request: setup.CreatePausedRequest) -> list[Violation]:
    """Lists the violations of a new paused trigger beyond the options of its request."""
    if not request.HasField("trigger"):
        return []
    return [
        Violation(f"trigger.{each.field}", each.description)
        for each in violations_of_new(request.trigger)
    ]


def violations_of_document(trigger: Trigger) -> list[Violation]:
    """Lists the violations of a trigger to create, whose folder may be named elsewhere."""
    request = contract.CreateTriggerRequest(
        folder_id=trigger.folder_id,
        name=trigger.name,
        description=trigger.description,
        labels=trigger.labels,
        rule=trigger.rule if trigger.HasField("rule") else None,
    )
    violations = [
        *nul_violations(request, request.SerializeToString()),
        *_violations_of_request(request),
        *violations_of_new(request),
    ]
    return [each for each in violations if each.field != "folder_id" or trigger.folder_id]


def _violations_of_name(folder_id: str) -> list[Violation]:
    """Refuses control characters, as they would steer what shows the folder's name."""
    # Nearly all names are printable, which is quickly seen.
    if not folder_id.isprintable() and any(
        unicodedata.category(character) == "Cc" for character in folder_id
    ):
        return [Violation("folder_id", "must not hold control characters")]
    return []


def _violations_of_size(message: contract.CreateTriggerRequest | Trigger) -> list[Violation]:
    """Limits a trigger to what a list can show: gRPC clients accept 4 MiB unless told otherwise."""
    size = message.ByteSize()
    if size <= LARGEST_PAGE_BYTES:
        return []
    return [
        Violation("rule", f"a trigger must have at most {LARGEST_PAGE_BYTES} bytes, not {size}")
    ]


def violations_of_update(request: contract.UpdateTriggerRequest) -> list[Violation]:
    """Lists the violations of those fields of an update that its mask names as a whole.

    Raises:
        ApiError: the mask has a path that can't be updated.
    """
    sent = sent_part(request)
    return [
        *nul_violations(request, request.SerializeToString()),
        *_violations_of_update(sent),
        *violations_of_rule(sent),
    ]


def plan_of_updated(trigger: Trigger, paths: Iterable[str]) -> Plan:
    """Checks a trigger of which the paths were updated, and returns its plan.

    Raises:
        ApiError, PlanError: the trigger is wrong.
    """
    # An older version may have stored a rule that is refused now; it can be renamed all the same.
    if any(path.partition(".")[0] == "rule" for path in paths):
        violations = [
            *_violations_of_trigger(trigger),
            *violations_of_rule(trigger),
            *_violations_of_size(trigger),
        ]
    else:
        violations = _violations_beside_rule(trigger)
    if violations:
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
