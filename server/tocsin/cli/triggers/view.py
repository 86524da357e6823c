"""Formats triggers for people, in the words of their contract."""

from datetime import datetime

from google.protobuf.message import Message

from tocsin.cli.terminal.output import instant_text, to_json
from tocsin.documents.writing import as_yaml
from tocsin.schedule import Cron, CronError
from tocsin.schedule.silence import silence_of
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

HEAD = ("ID", "STATUS", "NAME", "RULE", "ACTION")
NEXT_HEAD = "NEXT"
NEVER = "never"

# String fields that do not tell where the events of a rule come from.
NOT_SHOWN = ("payload", "service_account_id")


def row(trigger: Trigger) -> tuple[str, ...]:
    """Returns the trigger's row in a list, under HEAD."""
    return (trigger.id, _status(trigger), trigger.name, _rule(trigger), _action(trigger))


def next_tick(trigger: Trigger, now: datetime) -> str:
    """Returns when a timer fires next, in UTC, or `never`; empty if paused or not a timer."""
    cron = _cron(trigger)
    if cron is None or trigger.status == Trigger.PAUSED:
        return ""
    tick = cron.next(now)
    return NEVER if tick is None else f"{tick:%Y-%m-%d %H:%M}"


def silence(trigger: Trigger, now: datetime) -> str | None:
    """Returns why a timer never fires, or None if it does or is not a timer."""
    cron = _cron(trigger)
    return None if cron is None else silence_of(cron, now)


def details(trigger: Trigger) -> list[tuple[str, str]]:
    """Returns names and values of all fields, with the rule in the form that `create -f` reads."""
    return [
        ("id", trigger.id),
        ("name", trigger.name),
        ("status", _status(trigger)),
        ("folderId", trigger.folder_id),
        ("createdAt", instant_text(trigger.created_at)),
        ("description", trigger.description),
        ("labels", "\n".join(f"{key}: {text}" for key, text in sorted(trigger.labels.items()))),
        ("rule", as_yaml(to_json(trigger.rule, defaults=False)).removesuffix("\n")),
    ]


def _cron(trigger: Trigger) -> Cron | None:
    """Returns a timer's cron expression; None if this version can't parse it, too."""
    if trigger.rule.WhichOneof("rule") != "timer":
        return None
    try:
        return Cron(trigger.rule.timer.cron_expression)
    except CronError:
        return None


def _status(trigger: Trigger) -> str:
    return Trigger.Status.Name(trigger.status)


def _rule(trigger: Trigger) -> str:
    """Returns the kind of the rule and the texts that it sets, in the order of the contract."""
    kind = trigger.rule.WhichOneof("rule")
    if kind is None:
        return ""
    words = [kind]
    for field, value in getattr(trigger.rule, kind).ListFields():
        if field.type == field.TYPE_STRING and field.name not in NOT_SHOWN:
            words += value if field.is_repeated else [value]
    return " ".join(words)


def _action(trigger: Trigger) -> str:
    kind = trigger.rule.WhichOneof("rule")
    rule = getattr(trigger.rule, kind) if kind else None
    action = rule.WhichOneof("action") if rule is not None else None
    return _target(getattr(rule, action)) if action else ""


def _target(action: Message) -> str:
    """Returns an action's target, which its first ID field names: `function d4e…`."""
    name = next(field.name for field in action.DESCRIPTOR.fields if field.name.endswith("_id"))
    return f"{name.removesuffix('_id')} {getattr(action, name)}"
