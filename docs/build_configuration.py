"""Rebuilds docs/configuration.md from the settings' own models: `make docs`.

With --check it writes nothing, and fails if the page differs from the models.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from tocsin.cli import app
from tocsin.console.settings import ConsoleSettings
from tocsin.engine.settings import MisfireSettings, ReconcilerSettings, RetentionSettings
from tocsin.gate.connections import ConnectionSettings
from tocsin.gate.settings import (
    AccessSettings,
    AuditSettings,
    BindingSettings,
    IssuerSettings,
    LimitSettings,
    ServiceAccountSettings,
)
from tocsin.settings import Settings
from tocsin.sources.amazon.settings import (
    NotificationQueueSettings,
    QueueServiceSettings,
    StreamServiceSettings,
)
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mqtt.settings import BrokerSettings, RegistrySettings
from tocsin.sources.notifications.settings import SenderSettings, WebhookSettings
from tocsin.sources.settings import LogSettings, SourceSettings
from tocsin.targets.mail_server import MailServerSettings
from tocsin.targets.receivers import Receiver
from tocsin.targets.settings import DeadLetterSettings, IntegrationSettings, TargetSettings
from tocsin.wire.rest.settings import RestSettings

PAGE = Path(__file__).with_name("configuration.md")

INTRODUCTION = """\
# Configuration

Look up each setting: its default, its variable, its option and what it does.

<!-- Made from the settings.py of each room by `make docs`. Don't edit it here. -->

```sh
tocsin serve --config tocsin.toml --listen 127.0.0.1:0
tocsin config check --config tocsin.toml
```

`tocsin serve` reads its settings from four places. The first that has a setting wins:

1. the command line: `--listen 127.0.0.1:0`
2. variables: `TOCSIN_LISTEN=127.0.0.1:0`
3. a TOML file, named by `--config` or by `TOCSIN_CONFIG`
4. the defaults

`tocsin config check --config FILE` reads the settings as `serve` would and prints the result,
without users, passwords and queries of URLs. An unknown setting, or a value that can't be, is an
error that names the setting; nothing starts.

The id of a function, container, workflow or gateway is a part of its URL's template, in braces. A
target without a URL fails with an error that names the setting to set.

A table in a variable is JSON, and so are lists:

```sh
export TOCSIN_TARGETS__FUNCTIONS='{"d4e00000000000000001": "http://127.0.0.1:9000/first"}'
```
"""


# The tables of settings that exist once each, with their headings.
TABLES: dict[str, tuple[type[BaseModel], str]] = {
    "targets": (TargetSettings, "where targets are, and how they are called"),
    "dead_letters": (DeadLetterSettings, "where dead letters go"),
    "misfires": (MisfireSettings, "what happens to missed ticks"),
    "retention": (RetentionSettings, "how long finished work is kept"),
    "reconciler": (ReconcilerSettings, "the search for silent faults"),
    "rest": (RestSettings, "how bodies over REST are read"),
    "console": (ConsoleSettings, "the page in the browser"),
    "access": (AccessSettings, "who may call"),
    "limits": (LimitSettings, "what callers may use"),
    "connections": (ConnectionSettings, "who may name the client of a connection"),
    "audit": (AuditSettings, "where the audit log goes"),
    "sources": (SourceSettings, "where events come from"),
    "sources.mail": (MailSettings, "mails to triggers"),
    "sources.message_queue": (QueueServiceSettings, "queues of the SQS protocol"),
    "sources.data_stream": (StreamServiceSettings, "streams of the Kinesis protocol"),
    "sources.object_storage": (
        NotificationQueueSettings,
        "a queue of object storages' notifications",
    ),
    "sources.webhooks": (
        WebhookSettings,
        "who may send events by HTTP; without a setting everyone, under access control nobody",
    ),
    "sources.webhooks.object_storage": (SenderSettings, "how object storages prove themselves"),
    "sources.logs": (LogSettings, "log records as events"),
}


# Tables that may occur any number of times, under a name or one after the other.
NAMED = (
    "sources.mqtt",
    "access.issuers",
    "access.service_accounts",
    "access.bindings",
)


class Setting(NamedTuple):
    """Describes one setting. `path` is its name in TOML, from the outermost table on."""

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def variable(self) -> str:
        prefix = str(Settings.model_config["env_prefix"])
        delimiter = str(Settings.model_config["env_nested_delimiter"])
        return prefix + delimiter.join(self.path).upper()

    @property
    def example(self) -> Any:
        """An example value, the default, or None."""
        if self.field.examples:
            return self.field.examples[0]
        return None if self.field.is_required() else plain(self.field.default)


def plain(value: Any) -> Any:
    """Returns a default as TOML has it."""
    return str(value) if isinstance(value, tuple) else value


def settings() -> Iterator[Setting]:
    """Yields the settings at the top, outside any table."""
    for name, field in Settings.model_fields.items():
        if name not in (*TABLES, "integrations", "notify"):
            yield Setting((name,), field)


def settings_of(table_name: str) -> Iterator[Setting]:
    for name, field in TABLES[table_name][0].model_fields.items():
        if f"{table_name}.{name}" not in (*TABLES, *NAMED):
            yield Setting((*table_name.split("."), name), field)


def integration_settings() -> Iterator[Setting]:
    for name, field in IntegrationSettings.model_fields.items():
        yield Setting(("integrations", "NAME", name), field)


def receiver_settings() -> Iterator[Setting]:
    for name, field in Receiver.model_fields.items():
        yield Setting(("notify", "receivers", "NAME", name), field)


def mail_server_settings() -> Iterator[Setting]:
    for name, field in MailServerSettings.model_fields.items():
        yield Setting(("notify", "mail", name), field)


def mqtt_settings() -> Iterator[Setting]:
    for name, field in BrokerSettings.model_fields.items():
        if name != "registries":
            yield Setting(("sources", "mqtt", "NAME", name), field)


def mqtt_registry_settings() -> Iterator[Setting]:
    for name, field in RegistrySettings.model_fields.items():
        yield Setting(("sources", "mqtt", "NAME", "registries", "REGISTRY_ID", name), field)


def issuer_settings() -> Iterator[Setting]:
    for name, field in IssuerSettings.model_fields.items():
        yield Setting(("access", "issuers", "NAME", name), field)


def service_account_settings() -> Iterator[Setting]:
    for name, field in ServiceAccountSettings.model_fields.items():
        yield Setting(("access", "service_accounts", "ID", name), field)


def binding_settings() -> Iterator[Setting]:
    for name, field in BindingSettings.model_fields.items():
        yield Setting(("access", "bindings", name), field)


def options() -> dict[str, str]:
    """Returns the option of `tocsin serve` for each setting, by the setting's name."""
    serve: Any = get_command(app)
    return {each.name: each.opts[0] for each in serve.commands["serve"].params}


def to_toml(value: Any) -> str:
    """Returns TOML for a value of a setting. JSON is TOML for everything but tables."""
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(key)} = {to_toml(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(value, ensure_ascii=False)


def table(rows: list[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    return "none" if field.default in (None, {}) else code(to_toml(plain(field.default)))


def meaning(field: FieldInfo) -> str:
    assert field.description, "every setting says what it means"
    limits = {"ge": "At least", "gt": "More than", "le": "At most"}
    told = [
        f"{words} {getattr(limit, kind)}."
        for limit in field.metadata
        for kind, words in limits.items()
        if hasattr(limit, kind)
    ]
    return " ".join([field.description, *told])


def top_table() -> str:
    option = options()
    rows = [("Setting", "Default", "Variable", "Option", "Meaning")]
    rows += [
        (
            code(each.path[-1]),
            default(each.field),
            code(each.variable),
            code(option.get(each.path[-1], "")),
            meaning(each.field),
        )
        for each in settings()
    ]
    return table(rows)


def table_of(table_name: str) -> str:
    rows = [("Setting", "Default", "Variable", "Meaning")]
    rows += [
        (
            code(each.path[-1]),
            default(each.field),
            code(each.variable),
            meaning(each.field),
        )
        for each in settings_of(table_name)
    ]
    return table(rows)


def named_table(those: Iterator[Setting]) -> str:
    rows = [("Setting", "Default", "Meaning")]
    rows += [(code(each.path[-1]), default(each.field), meaning(each.field)) for each in those]
    return table(rows)


def example() -> str:
    """Returns a file with every setting that has a default or an example."""
    lines = [*assignments(settings())]
    for name in TABLES:
        lines += ["", f"[{name}]", *assignments(settings_of(name))]
    lines += ["", "[access.issuers.company]", *assignments(issuer_settings())]
    lines += ["", "[access.service_accounts.aje00000000000000001]"]
    lines += assignments(service_account_settings())
    lines += ["", "[[access.bindings]]", *assignments(binding_settings())]
    lines += ["", "[sources.mqtt.home]", *assignments(mqtt_settings())]
    lines += ["", "[sources.mqtt.home.registries.are000000000000reg]"]
    lines += assignments(mqtt_registry_settings())
    lines += ["", "[notify.mail]", *assignments(mail_server_settings())]
    lines += ["", "[notify.receivers.ops]", *assignments(receiver_settings())]
    return "\n".join([*lines, "", "[integrations.nightly]", *assignments(integration_settings())])


def assignments(those: Iterator[Setting]) -> Iterator[str]:
    for each in those:
        if each.example not in (None, {}):
            yield f"{each.path[-1]} = {to_toml(each.example)}"


def page() -> str:
    return "\n".join(
        [
            INTRODUCTION,
            "## The server\n",
            top_table(),
            *(
                f"## `[{name}]`: {heading}\n\n{table_of(name)}"
                for name, (_, heading) in TABLES.items()
            ),
            "## `[access.issuers.NAME]`: outside issuers\n",
            "One table for each OpenID Connect issuer. Its user `SUB` is\n"
            "`federatedUser:NAME:SUB`.\n",
            named_table(issuer_settings()),
            "## `[access.service_accounts.ID]`: service accounts\n",
            "One table for each. Every start copies them into the store and removes those that\n"
            "are gone.\n",
            named_table(service_account_settings()),
            "## `[[access.bindings]]`: who has which role on what\n",
            "One table for each, one after the other. Every start copies them into the store and\n"
            "removes those that are gone.\n",
            named_table(binding_settings()),
            "## `[sources.mqtt.NAME]`: MQTT brokers\n",
            "One table for each broker, under any name.\n",
            named_table(mqtt_settings()),
            "## `[sources.mqtt.NAME.registries.REGISTRY_ID]`: topics of a registry\n",
            "One table for each registry whose devices are on the broker.\n",
            named_table(mqtt_registry_settings()),
            "## `[notify.receivers.NAME]`: who is told of failures, silence and recovery\n",
            "One table for each receiver of [notices](notices.md). Give `url` with `secret`, or\n"
            "`mail`, or `function`. A change counts after a restart.\n",
            named_table(receiver_settings()),
            "## `[notify.mail]`: the mail server that takes notices\n",
            "One for all receivers that have `mail`. `TOCSIN_NOTIFY__MAIL__PASSWORD` keeps the\n"
            "password out of the file.\n",
            named_table(mail_server_settings()),
            "## `[integrations.NAME]`: integrations that can be scheduled\n",
            "One table for each integration; `NAME` is its short name, the last part of\n"
            "`projects/*/locations/*/integrations/NAME`.\n",
            named_table(integration_settings()),
            "## All in one file\n",
            f"```toml\n{example()}\n```\n",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        raise SystemExit(f"{PAGE.name} is not what the settings say: run make docs")


if __name__ == "__main__":
    main()
