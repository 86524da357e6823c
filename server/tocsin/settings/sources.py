"""Where events come from."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator

from tocsin.access.webhook_proofs import standard_key
from tocsin.settings.fields import CENTURY, MEGABYTE, STRICT, Network, TargetUrl
from tocsin.settings.mqtt import MqttBroker, MqttName


class Mail(BaseModel):
    """Mails to the addresses of triggers, and where their attachments go."""

    model_config = STRICT

    max_bytes: int = Field(
        10 * MEGABYTE, ge=1024, description="The largest mail that is taken, in bytes."
    )
    connections: int = Field(
        100, ge=1, description="How many may send mails at once; others are asked to come again."
    )
    allow: list[Network] = Field(
        [],
        description="The networks, in CIDR form, of the hosts that may send; none: all may. Under "
        "access control a listener beyond loopback needs it.",
        examples=[["10.0.0.0/8"]],
    )
    s3_endpoint: TargetUrl | None = Field(
        None,
        description="URL of the storage, of the S3 protocol, that has the buckets for attachments.",
        examples=["http://127.0.0.1:9000"],
    )
    s3_region: str = Field("ru-central1", description="The region that requests are signed for.")
    s3_access_key_id: str | None = Field(None, description="Whose requests they are.")
    s3_secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")


def check_shown(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value or value != value.strip():
        raise ValueError("is empty, or has white space around it; left out, nobody shows it")
    return secret


def check_standard_key(key: SecretStr) -> SecretStr:
    standard_key(key.get_secret_value())
    return key


ShownSecret = Annotated[SecretStr, AfterValidator(check_shown)]
StandardKey = Annotated[SecretStr, AfterValidator(check_standard_key)]


class WebhookSender(BaseModel):
    """How a sender of webhooks proves itself. Of what is set, one is enough."""

    model_config = STRICT

    secret: ShownSecret | None = Field(
        None,
        description="What is shown in the `Authorization` header: by itself, as `Bearer SECRET`, "
        "or as the password of basic authentication.",
    )
    hub_keys: list[ShownSecret] = Field(
        [],
        description="What bodies are signed with as GitHub and Gitea do, in `X-Hub-Signature-256`; "
        "several while one takes the other's place.",
    )
    standard_keys: list[StandardKey] = Field(
        [],
        description="The same for Standard Webhooks, `webhook-signature`: each is `whsec_` and "
        "base64. What was signed more than five minutes ago is refused.",
    )


class Webhooks(WebhookSender):
    """What object storages and container registries tell by HTTP.

    What is set here is for all senders but those that have a table of their own.
    """

    object_storage: WebhookSender | None = Field(
        None, description="How object storages prove themselves, if not as all others."
    )
    registries: dict[str, WebhookSender] = Field(
        {},
        description="How single container registries prove themselves, by the last part of their "
        "URL, if not as all others.",
        examples=[{"crt00000000000000reg": {"secret": "…"}}],
    )


class NotificationQueue(BaseModel):
    """A queue, of the SQS protocol, that object storages put their notifications into."""

    model_config = STRICT

    queue: TargetUrl | None = Field(
        None,
        description="The queue's URL. Without it, notifications come by webhooks alone.",
        examples=["http://127.0.0.1:9324/000000000000/objects"],
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")


class Logs(BaseModel):
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


class QueueService(BaseModel):
    """The queue service, of the SQS protocol, whose queues are read."""

    model_config = STRICT

    endpoint: TargetUrl | None = Field(
        None, description="URL of the queue service.", examples=["http://127.0.0.1:9324"]
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")
    urls: dict[str, TargetUrl] = Field(
        {},
        description="URL of single queues, by the `queue_id` of the rule, at this service or at "
        "another. Others are asked for by the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:in": "http://127.0.0.1:9324/000000000000/in"}],
    )


class StreamService(BaseModel):
    """The stream service, of the Kinesis protocol, whose streams are read."""

    model_config = STRICT

    endpoint: TargetUrl | None = Field(
        None,
        description="URL of the stream service. Rules that name another endpoint are read here "
        "too, but for those in `endpoints`.",
        examples=["http://127.0.0.1:4566"],
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")
    endpoints: dict[str, TargetUrl] = Field(
        {},
        description="URL of single services, by the `endpoint` of the rule.",
        examples=[
            {
                "https://yds.serverless.yandexcloud.net": "https://yds.serverless.yandexcloud.net",
            }
        ],
    )


class Sources(BaseModel):
    """Where events come from."""

    model_config = STRICT

    remember: float = Field(
        3600.0,
        ge=0,
        le=CENTURY,
        description="Seconds for which an event's id is remembered: one that comes again meanwhile "
        "is not a second event.",
    )
    mail: Mail = Field(Mail.model_construct(), description="Mails to the addresses of triggers.")
    mqtt: dict[MqttName, MqttBroker] = Field({}, description="The MQTT brokers, by any name.")

    @field_validator("mqtt")
    @classmethod
    def _each_id_once(cls, brokers: dict[str, MqttBroker]) -> dict[str, MqttBroker]:
        for ids in (
            [each for broker in brokers.values() for each in broker.brokers],
            [each for broker in brokers.values() for each in broker.registries],
        ):
            for each in ids:
                if ids.count(each) > 1:
                    raise ValueError(f"{each} is named by two brokers, or twice by one")
        return brokers

    webhooks: Webhooks = Field(
        Webhooks.model_construct(), description="What tells of events by HTTP."
    )
    object_storage: NotificationQueue = Field(
        NotificationQueue.model_construct(), description="What object storages put into a queue."
    )
    logs: Logs = Field(Logs.model_construct(), description="What comes of log records.")
    message_queue: QueueService = Field(
        QueueService.model_construct(), description="The queues of `message_queue` rules."
    )
    data_stream: StreamService = Field(
        StreamService.model_construct(), description="The streams of `data_stream` rules."
    )
