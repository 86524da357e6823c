"""Where a trigger's events come from: one frozen value for each kind of source but the timer.

A source holds what the rule says: where to look, and which events to let pass. An empty text, or
an empty set, lets all pass.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias


class ObjectChange(StrEnum):
    """What happened to an object. `UPDATE`: to its access list; new content is a creation."""

    CREATE = "CREATE_OBJECT"
    UPDATE = "UPDATE_OBJECT"
    DELETE = "DELETE_OBJECT"


class RegistryChange(StrEnum):
    """What happened in a container registry; a push can be several of these."""

    CREATE_IMAGE = "CREATE_IMAGE"
    DELETE_IMAGE = "DELETE_IMAGE"
    CREATE_TAG = "CREATE_IMAGE_TAG"
    DELETE_TAG = "DELETE_IMAGE_TAG"


class LogLevel(StrEnum):
    """The level of a log record, by its name in the contract."""

    UNSPECIFIED = "LEVEL_UNSPECIFIED"
    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"


@dataclass(frozen=True, slots=True)
class MessageQueueSource:
    """A queue of the SQS protocol. `visibility_timeout` None: as the queue is set."""

    queue_id: str
    service_account_id: str
    visibility_timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class IotMessageSource:
    """MQTT messages of a registry's devices, by a topic filter with `+` and `#`."""

    registry_id: str
    device_id: str = ""
    mqtt_topic: str = ""


@dataclass(frozen=True, slots=True)
class IotBrokerMessageSource:
    """MQTT messages of a broker, by a topic filter with `+` and `#`."""

    broker_id: str
    mqtt_topic: str = ""


@dataclass(frozen=True, slots=True)
class ObjectStorageSource:
    """Changes of a bucket's objects. `bucket_id` is the bucket's name; empty: any bucket."""

    event_types: frozenset[ObjectChange]
    bucket_id: str = ""
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class ContainerRegistrySource:
    """Changes of images and tags. `image_name` is without the registry's id."""

    event_types: frozenset[RegistryChange]
    registry_id: str = ""
    image_name: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class CloudLogsSource:
    """Log records of groups, in the retired form. Without a group nothing fires."""

    log_group_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LoggingSource:
    """Log records of a group: each filter that is not empty must let a record pass."""

    log_group_id: str = ""
    resource_types: frozenset[str] = frozenset()
    resource_ids: frozenset[str] = frozenset()
    stream_names: frozenset[str] = frozenset()
    levels: frozenset[LogLevel] = frozenset()


@dataclass(frozen=True, slots=True)
class BillingBudgetSource:
    """Thresholds of a billing account's budgets that were passed."""

    billing_account_id: str
    budget_id: str = ""


@dataclass(frozen=True, slots=True)
class DataStreamSource:
    """Records of a stream of the Kinesis protocol."""

    endpoint: str = ""
    database: str = ""
    stream: str = ""
    service_account_id: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentsBucket:
    """Where the attachments of mails are put."""

    bucket_id: str
    service_account_id: str


@dataclass(frozen=True, slots=True)
class MailSource:
    """Mail to a trigger's own address. Without a bucket, attachments are not delivered."""

    email: str
    attachments_bucket: AttachmentsBucket | None = None


EventSource: TypeAlias = (
    MessageQueueSource
    | IotMessageSource
    | IotBrokerMessageSource
    | ObjectStorageSource
    | ContainerRegistrySource
    | CloudLogsSource
    | LoggingSource
    | BillingBudgetSource
    | DataStreamSource
    | MailSource
)
