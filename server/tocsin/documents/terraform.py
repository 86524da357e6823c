"""Writes triggers as resources of Yandex Cloud's provider for Terraform.

`yandex_function_trigger` names things in its own way, and does not have all of the contract: its
schema is in yandex/resource_yandex_function_trigger.go of the provider.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

from google.protobuf.duration_pb2 import Duration

from tocsin_protos.yandex.cloud.logging.v1.log_entry_pb2 import LogLevel
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

RESOURCE = "yandex_function_trigger"


class _Map(NamedTuple):
    """A map, which has keys of its own; a block has arguments."""

    entries: dict[str, str]


Simple: TypeAlias = str | bool | list[str]
Value: TypeAlias = "Simple | _Map | dict[str, Value]"

_NO_NAME = re.compile(r"[^a-z0-9_]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_EVENTS = {
    "object_storage": {1: "create", 2: "update", 3: "delete"},
    "container_registry": {
        1: "create_image",
        2: "delete_image",
        3: "create_image_tag",
        4: "delete_image_tag",
    },
}
_TARGETS = ("function", "container", "workflow")


class TerraformError(Exception):
    """The provider has no resource for a trigger; `field` is the path of what it lacks."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def terraform_of(trigger: Trigger) -> str:
    """Returns a trigger as a resource; comments say what the resource leaves out.

    Raises:
        TerraformError: the provider does not have the trigger's kind or its target.
    """
    lost: list[str] = []
    arguments = dict(_arguments(trigger, lost))
    name = _NO_NAME.sub("_", trigger.name) or f"trigger_{trigger.id}"
    lines = [
        *(f"# {each}" for each in lost),
        f'resource "{RESOURCE}" "{name}" {{',
        *_body(arguments, "  "),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _arguments(trigger: Trigger, lost: list[str]) -> Iterator[tuple[str, Value]]:
    kind = trigger.rule.WhichOneof("rule")
    if kind is None:
        raise TerraformError("rule", "a trigger must have a rule")
    if not trigger.name:
        raise TerraformError("name", f"{RESOURCE} must have a name")
    if trigger.status == Trigger.PAUSED:
        lost.append("The provider can't pause a trigger: pause it when it is made.")
    yield "name", trigger.name
    yield from _text("description", trigger.description)
    yield from _text("folder_id", trigger.folder_id)
    if trigger.labels:
        yield "labels", _Map({key: trigger.labels[key] for key in sorted(trigger.labels)})
    rule: Any = getattr(trigger.rule, kind)
    yield _source(kind, rule, lost)
    yield from _action(kind, rule, lost)


def _source(kind: str, rule: Any, lost: list[str]) -> tuple[str, Value]:
    match kind:
        case "timer":
            return kind, dict(_fields(rule, "cron_expression", "payload"))
        case "message_queue":
            fields = dict(_fields(rule, "queue_id", "service_account_id"))
            hidden = rule.HasField("visibility_timeout")
            if hidden:
                fields["visibility_timeout"] = _seconds(rule.visibility_timeout, lost)
            return kind, {**fields, **_batch(rule, lost)}
        case "iot_message":
            names = {"registry_id": "registry_id", "device_id": "device_id", "mqtt_topic": "topic"}
            return "iot", {**_renamed(rule, names), **_batch(rule, lost)}
        case "object_storage":
            fields = dict(_fields(rule, "bucket_id", "prefix", "suffix"))
            return kind, {**fields, **_events(kind, rule), **_batch(rule, lost)}
        case "container_registry":
            fields = dict(_fields(rule, "registry_id", "image_name", "tag"))
            return kind, {**fields, **_events(kind, rule), **_batch(rule, lost)}
        case "cloud_logs":
            groups = {"log_group_ids": list(rule.log_group_id)}
            return "log_group", {**groups, **_batch(rule, lost)}
        case "logging":
            return kind, {**_logging(rule), **_batch(rule, lost)}
        case "data_stream":
            if rule.endpoint:
                endpoint = _quoted(rule.endpoint)
                lost.append(f"The provider does not have data_stream.endpoint: {endpoint}")
            names = {
                "stream": "stream_name",
                "database": "database",
                "service_account_id": "service_account_id",
            }
            return "data_streams", {**_renamed(rule, names), **_batch(rule, lost)}
        case "mail":
            names = {
                "bucket_id": "attachments_bucket_id",
                "service_account_id": "service_account_id",
            }
            return kind, {**_renamed(rule.attachments_bucket, names), **_batch(rule, lost)}
    raise TerraformError(f"rule.{kind}", f"{RESOURCE} does not have this kind of trigger")


def _action(kind: str, rule: Any, lost: list[str]) -> Iterator[tuple[str, Value]]:
    named = rule.WhichOneof("action")
    target = next((each for each in _TARGETS if named and each in named), None)
    if target is None:
        what = "does not have this target" if named else "must have a target"
        raise TerraformError(f"rule.{kind}.{named or 'action'}", f"{RESOURCE} {what}")
    action: Any = getattr(rule, named)
    known = action.DESCRIPTOR.fields_by_name
    arguments: dict[str, Value] = {"id": getattr(action, f"{target}_id")}
    arguments |= dict(_text("service_account_id", action.service_account_id))
    if "function_tag" in known:
        arguments |= dict(_text("tag", action.function_tag))
    if "path" in known:
        arguments |= dict(_text("path", action.path))
    if "retry_settings" in known and action.HasField("retry_settings"):
        retry = action.retry_settings
        arguments["retry_attempts"] = str(retry.retry_attempts)
        arguments["retry_interval"] = _seconds(retry.interval, lost)
    yield target, arguments
    if "dead_letter_queue" in known and action.HasField("dead_letter_queue"):
        yield "dlq", dict(_fields(action.dead_letter_queue, "queue_id", "service_account_id"))


def _logging(rule: Any) -> dict[str, Value]:
    lists = {
        "resource_types": list(rule.resource_type),
        "resource_ids": list(rule.resource_id),
        "stream_names": list(rule.stream_name),
        "levels": [LogLevel.Level.Name(level).lower() for level in rule.levels],
    }
    return {"group_id": rule.log_group_id, **{name: each for name, each in lists.items() if each}}


def _events(kind: str, rule: Any) -> dict[str, Value]:
    return {_EVENTS[kind][number]: True for number in rule.event_type if number in _EVENTS[kind]}


def _batch(rule: Any, lost: list[str]) -> dict[str, Value]:
    if not rule.HasField("batch_settings"):
        lost.append("The provider wants a batch_cutoff; the trigger has no batch settings.")
        return {"batch_cutoff": "0"}
    settings = rule.batch_settings
    cutoff: dict[str, Value] = {"batch_cutoff": _seconds(settings.cutoff, lost)}
    return {**cutoff, "batch_size": str(settings.size)} if settings.size else cutoff


def _seconds(duration: Duration, lost: list[str]) -> str:
    if duration.nanos:
        lost.append(f"The provider has whole seconds only: {duration.ToJsonString()} was cut.")
    return str(duration.seconds)


def _fields(message: Any, *names: str) -> Iterator[tuple[str, Value]]:
    for name in names:
        yield from _text(name, getattr(message, name))


def _renamed(message: Any, names: Mapping[str, str]) -> dict[str, Value]:
    return {new: value for old, new in names.items() if (value := getattr(message, old))}


def _text(name: str, value: str) -> Iterator[tuple[str, Value]]:
    if value:
        yield name, value


def _body(arguments: Mapping[str, Value], indent: str) -> Iterator[str]:
    """Yields lines as `terraform fmt` leaves them: signs of neighbours stand below each other."""
    for simple, group in groupby(arguments.items(), lambda each: _is_simple(each[1])):
        if simple:
            yield from _assigned({_key(name): _literal(value) for name, value in group}, indent)
            continue
        for name, value in group:
            if isinstance(value, _Map):
                yield f"{indent}{name} = {{"
                entries = {_key(key): _quoted(text) for key, text in value.entries.items()}
                yield from _assigned(entries, indent + "  ")
            elif isinstance(value, dict):
                yield f"{indent}{name} {{"
                yield from _body(value, indent + "  ")
            yield f"{indent}}}"


def _is_simple(value: Value) -> bool:
    return not isinstance(value, dict | _Map)


def _assigned(values: Mapping[str, str], indent: str) -> Iterator[str]:
    width = max(map(len, values), default=0)
    for name, value in values.items():
        yield f"{indent}{name:<{width}} = {value}"


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else _quoted(name)


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(_quoted, value))}]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = "".join(_escaped(character) for character in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
