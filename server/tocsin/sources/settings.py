"""The settings of sources: where events come from."""

from pydantic import BaseModel, Field, field_validator

from tocsin.fields import CENTURY, STRICT
from tocsin.sources.amazon.settings import (
    NotificationQueueSettings,
    QueueServiceSettings,
    StreamServiceSettings,
)
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mqtt.settings import BrokerName, BrokerSettings
from tocsin.sources.notifications.settings import WebhookSettings


class LogSettings(BaseModel):
    """Which group log records are of that do not say so."""

    model_config = STRICT

    default_groups: dict[str, str] = Field(
        {},
        description="The log groups of what is written to folders, by the folder's id.",
        examples=[{"b1g00000000000000001": "e2300000000000000001"}],
    )
    otlp_group: str | None = Field(
        None,
        description="The log group of OTLP records that name none. Without it, they are rejected.",
    )


class SourceSettings(BaseModel):
    """Where events come from."""

    model_config = STRICT

    remember: float = Field(
        3600.0,
        ge=0,
        le=CENTURY,
        description="Seconds for which an event's id is remembered: one that comes again meanwhile "
        "is not a second event.",
    )
    mail: MailSettings = Field(
        MailSettings.model_construct(), description="Mails to the addresses of triggers."
    )
    mqtt: dict[BrokerName, BrokerSettings] = Field({}, description="The MQTT brokers, by any name.")

    @field_validator("mqtt")
    @classmethod
    def _each_id_once(cls, brokers: dict[str, BrokerSettings]) -> dict[str, BrokerSettings]:
        for ids in (
            [each for broker in brokers.values() for each in broker.brokers],
            [each for broker in brokers.values() for each in broker.registries],
        ):
            for each in ids:
                if ids.count(each) > 1:
                    raise ValueError(f"{each} is named by two brokers, or twice by one")
        return brokers

    webhooks: WebhookSettings = Field(
        WebhookSettings.model_construct(), description="What tells of events by HTTP."
    )
    object_storage: NotificationQueueSettings = Field(
        NotificationQueueSettings.model_construct(),
        description="What object storages put into a queue.",
    )
    logs: LogSettings = Field(
        LogSettings.model_construct(), description="What comes of log records."
    )
    message_queue: QueueServiceSettings = Field(
        QueueServiceSettings.model_construct(), description="The queues of `message_queue` rules."
    )
    data_stream: StreamServiceSettings = Field(
        StreamServiceSettings.model_construct(), description="The streams of `data_stream` rules."
    )
