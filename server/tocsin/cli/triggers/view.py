"""How a trigger looks to people, in the words of its contract."""

from google.protobuf.message import Message

from tocsin.cli.terminal.output import as_yaml, shown, to_json
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

HEAD = ("ID", "STATUS", "NAME", "RULE", "ACTION")

# Texts of a rule that say nothing of where its events come from.
NOT_SHOWN = ("payload", "service_account_id")


def row(trigger: Trigger) -> tuple[str, ...]:
    """Returns the trigger's row in a list, under HEAD."""
    return (trigger.id, _status(trigger), trigger.name, _rule(trigger), _action(trigger))


def details(trigger: Trigger) -> list[tuple[str, str]]:
    """Returns all there is to tell, with the rule as `create -f` reads it."""
    return [
        ("id", trigger.id),
        ("name", trigger.name),
        ("status", _status(trigger)),
        ("folderId", trigger.folder_id),
        ("createdAt", shown(trigger.created_at)),
        ("description", trigger.description),
        ("labels", "\n".join(f"{key}: {text}" for key, text in sorted(trigger.labels.items()))),
        ("rule", as_yaml(to_json(trigger.rule, defaults=False))),
    ]


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
    """The first id in an action is that of its target: `function d4e…`."""
    name = next(each.name for each in action.DESCRIPTOR.fields if each.name.endswith("_id"))
    return f"{name.removesuffix('_id')} {getattr(action, name)}"
