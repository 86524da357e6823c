"""Defines the settings of sources."""

from collections.abc import Iterator

from pydantic import BaseModel, Field, field_validator

from tocsin.fields import CENTURY, STRICT
from tocsin.sources.amazon.settings import (
    NotificationQueueSettings,
    QueueServiceSettings,
    StreamServiceSettings,
)
from tocsin.sources.folders import NOBODY, FolderId, Folders, NamedFolderSettings, folder_set
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mqtt.settings import BrokerName, BrokerSettings
from tocsin.sources.notifications.settings import ShownSecret, WebhookSettings


class OtlpSenderSettings(BaseModel):
    """Sets how a sender of logs over HTTP proves itself, and where its records go."""

    model_config = STRICT

    secret: ShownSecret = Field(
        description="Secret in the `Authorization` header: bare, as `Bearer SECRET`, or as the "
        "password of basic authentication.",
    )
    log_group: str = Field(
        min_length=1, description="Log group of all its records, whatever they name."
    )


class LogSettings(NamedFolderSettings):
    """Names the groups of log records that name none, and the folders that get records."""

    model_config = STRICT

    folders_of: dict[str, list[FolderId]] = Field(
        {},
        description="Folders of single log groups, by the group's id. Under access control a "
        "folder's default group is that folder's without it.",
        examples=[{"e2300000000000000002": ["b1g00000000000000001"]}],
    )

    default_groups: dict[str, str] = Field(
        {},
        description="Log groups of records that are written to a folder, by the folder's id.",
        examples=[{"b1g00000000000000001": "e2300000000000000001"}],
    )
    otlp_group: str | None = Field(
        None,
        description="Log group of OTLP records that name none; without it they are rejected.",
    )
    otlp_senders: dict[str, OtlpSenderSettings] = Field(
        {},
        description="Senders of OTLP over HTTP, by a name of your choice. Others are refused then; "
        "under access control all are refused without it.",
        examples=[{"shop": {"secret": "…", "log_group": "e2300000000000000001"}}],
    )

    def folders_of_group(self, group: str, *, guarded: bool) -> Folders:
        """Returns the folders that get a group's records; where calls are `guarded`, none if the
        settings name none."""
        if group in self.folders_of or not guarded:
            return self.folders_for(group)
        owners = [folder for folder, default in self.default_groups.items() if default == group]
        return folder_set(owners or self.folders or ())

    def unbound(self) -> Iterator[str]:
        """Yields the settings that feed a log group that no folder has."""
        groups = {"otlp_group": self.otlp_group} | {
            f"otlp_senders.{name}": sender.log_group for name, sender in self.otlp_senders.items()
        }
        for setting, group in groups.items():
            if group is not None and self.folders_of_group(group, guarded=True) == NOBODY:
                yield f"{setting} {group}"


class SourceSettings(BaseModel):
    """Sets where events come from."""

    model_config = STRICT

    remember: float = Field(
        3600.0,
        ge=0,
        le=CENTURY,
        description="Seconds that an event's id is remembered; an event that comes again in this "
        "time is not accepted twice.",
    )
    mail: MailSettings = Field(
        MailSettings.model_construct(), description="Mail to the addresses of triggers."
    )
    mqtt: dict[BrokerName, BrokerSettings] = Field(
        {}, description="MQTT brokers, by a name of your choice."
    )

    @field_validator("mqtt")
    @classmethod
    def _each_id_once(cls, brokers: dict[str, BrokerSettings]) -> dict[str, BrokerSettings]:
        for ids in (
            [name for broker in brokers.values() for name in broker.brokers],
            [name for broker in brokers.values() for name in broker.registries],
        ):
            for name in ids:
                if ids.count(name) > 1:
                    raise ValueError(f"{name} must be named by one broker only, and once")
        return brokers

    webhooks: WebhookSettings = Field(
        WebhookSettings.model_construct(), description="Senders that post notifications by HTTP."
    )
    object_storage: NotificationQueueSettings = Field(
        NotificationQueueSettings.model_construct(),
        description="Queue into which object storages put notifications.",
    )
    logs: LogSettings = Field(LogSettings.model_construct(), description="Groups of log records.")
    message_queue: QueueServiceSettings = Field(
        QueueServiceSettings.model_construct(), description="Queues of `message_queue` rules."
    )
    data_stream: StreamServiceSettings = Field(
        StreamServiceSettings.model_construct(), description="Streams of `data_stream` rules."
    )

    def unbound(self) -> list[str]:
        """Returns the tables of sources that no setting binds to folders."""
        found = [
            name
            for name, source in (
                ("message_queue", self.message_queue),
                ("data_stream", self.data_stream),
            )
            if source.configured and not source.bound
        ]
        if self.object_storage.queue is not None and not self.object_storage.bound:
            found.append("object_storage")
        for name, broker in self.mqtt.items():
            if ids := ", ".join(broker.unbound()):
                found.append(f"mqtt.{name} ({ids})")
        found += [f"webhooks{table}" for table in self.webhooks.unbound()]
        found += [f"logs ({setting})" for setting in self.logs.unbound()]
        return [f"sources.{name}" for name in found]
