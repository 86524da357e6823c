"""Formats triggers for people, in the words of their contract."""

from datetime import datetime

from tocsin.cli.terminal.output import instant_text, to_json
from tocsin.documents.writing import as_yaml
from tocsin.schedule import Cron, CronError
from tocsin.schedule.silence import silence_of
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger


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
