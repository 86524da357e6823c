import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ObjectChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBJECT_CHANGE_UNSPECIFIED: _ClassVar[ObjectChange]
    OBJECT_CHANGE_CREATE: _ClassVar[ObjectChange]
    OBJECT_CHANGE_UPDATE: _ClassVar[ObjectChange]
    OBJECT_CHANGE_DELETE: _ClassVar[ObjectChange]

class RegistryChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGISTRY_CHANGE_UNSPECIFIED: _ClassVar[RegistryChange]
    REGISTRY_CHANGE_CREATE_IMAGE: _ClassVar[RegistryChange]
    REGISTRY_CHANGE_DELETE_IMAGE: _ClassVar[RegistryChange]
    REGISTRY_CHANGE_CREATE_IMAGE_TAG: _ClassVar[RegistryChange]
    REGISTRY_CHANGE_DELETE_IMAGE_TAG: _ClassVar[RegistryChange]

class LogRecordLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOG_RECORD_LEVEL_UNSPECIFIED: _ClassVar[LogRecordLevel]
    LOG_RECORD_LEVEL_TRACE: _ClassVar[LogRecordLevel]
    LOG_RECORD_LEVEL_DEBUG: _ClassVar[LogRecordLevel]
    LOG_RECORD_LEVEL_INFO: _ClassVar[LogRecordLevel]
    LOG_RECORD_LEVEL_WARN: _ClassVar[LogRecordLevel]
    LOG_RECORD_LEVEL_ERROR: _ClassVar[LogRecordLevel]
    LOG_RECORD_LEVEL_FATAL: _ClassVar[LogRecordLevel]
OBJECT_CHANGE_UNSPECIFIED: ObjectChange
OBJECT_CHANGE_CREATE: ObjectChange
OBJECT_CHANGE_UPDATE: ObjectChange
OBJECT_CHANGE_DELETE: ObjectChange
REGISTRY_CHANGE_UNSPECIFIED: RegistryChange
REGISTRY_CHANGE_CREATE_IMAGE: RegistryChange
REGISTRY_CHANGE_DELETE_IMAGE: RegistryChange
REGISTRY_CHANGE_CREATE_IMAGE_TAG: RegistryChange
REGISTRY_CHANGE_DELETE_IMAGE_TAG: RegistryChange
LOG_RECORD_LEVEL_UNSPECIFIED: LogRecordLevel
LOG_RECORD_LEVEL_TRACE: LogRecordLevel
LOG_RECORD_LEVEL_DEBUG: LogRecordLevel
LOG_RECORD_LEVEL_INFO: LogRecordLevel
LOG_RECORD_LEVEL_WARN: LogRecordLevel
LOG_RECORD_LEVEL_ERROR: LogRecordLevel
LOG_RECORD_LEVEL_FATAL: LogRecordLevel

class SourceEvent(_message.Message):
    __slots__ = ("id", "time", "trace_id", "message_queue", "iot_message", "iot_broker_message", "object_storage", "container_registry", "cloud_logs", "logging", "billing_budget", "data_stream", "mail")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_QUEUE_FIELD_NUMBER: _ClassVar[int]
    IOT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    IOT_BROKER_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_STORAGE_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_REGISTRY_FIELD_NUMBER: _ClassVar[int]
    CLOUD_LOGS_FIELD_NUMBER: _ClassVar[int]
    LOGGING_FIELD_NUMBER: _ClassVar[int]
    BILLING_BUDGET_FIELD_NUMBER: _ClassVar[int]
    DATA_STREAM_FIELD_NUMBER: _ClassVar[int]
    MAIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    time: _timestamp_pb2.Timestamp
    trace_id: str
    message_queue: QueueMessageEvent
    iot_message: IotMessageEvent
    iot_broker_message: IotBrokerMessageEvent
    object_storage: ObjectStorageEvent
    container_registry: ContainerRegistryEvent
    cloud_logs: CloudLogsEvent
    logging: LoggingEvent
    billing_budget: BillingBudgetEvent
    data_stream: DataStreamEvent
    mail: MailEvent
    def __init__(self, id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trace_id: _Optional[str] = ..., message_queue: _Optional[_Union[QueueMessageEvent, _Mapping]] = ..., iot_message: _Optional[_Union[IotMessageEvent, _Mapping]] = ..., iot_broker_message: _Optional[_Union[IotBrokerMessageEvent, _Mapping]] = ..., object_storage: _Optional[_Union[ObjectStorageEvent, _Mapping]] = ..., container_registry: _Optional[_Union[ContainerRegistryEvent, _Mapping]] = ..., cloud_logs: _Optional[_Union[CloudLogsEvent, _Mapping]] = ..., logging: _Optional[_Union[LoggingEvent, _Mapping]] = ..., billing_budget: _Optional[_Union[BillingBudgetEvent, _Mapping]] = ..., data_stream: _Optional[_Union[DataStreamEvent, _Mapping]] = ..., mail: _Optional[_Union[MailEvent, _Mapping]] = ...) -> None: ...

class QueueMessageEvent(_message.Message):
    __slots__ = ("queue_id", "message_id", "body", "attributes", "message_attributes")
    class Attribute(_message.Message):
        __slots__ = ("data_type", "string_value", "binary_value")
        DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
        STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
        BINARY_VALUE_FIELD_NUMBER: _ClassVar[int]
        data_type: str
        string_value: str
        binary_value: bytes
        def __init__(self, data_type: _Optional[str] = ..., string_value: _Optional[str] = ..., binary_value: _Optional[bytes] = ...) -> None: ...
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class MessageAttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: QueueMessageEvent.Attribute
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[QueueMessageEvent.Attribute, _Mapping]] = ...) -> None: ...
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    queue_id: str
    message_id: str
    body: str
    attributes: _containers.ScalarMap[str, str]
    message_attributes: _containers.MessageMap[str, QueueMessageEvent.Attribute]
    def __init__(self, queue_id: _Optional[str] = ..., message_id: _Optional[str] = ..., body: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ..., message_attributes: _Optional[_Mapping[str, QueueMessageEvent.Attribute]] = ...) -> None: ...

class IotMessageEvent(_message.Message):
    __slots__ = ("registry_id", "device_id", "mqtt_topic", "payload")
    REGISTRY_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    MQTT_TOPIC_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    registry_id: str
    device_id: str
    mqtt_topic: str
    payload: bytes
    def __init__(self, registry_id: _Optional[str] = ..., device_id: _Optional[str] = ..., mqtt_topic: _Optional[str] = ..., payload: _Optional[bytes] = ...) -> None: ...

class IotBrokerMessageEvent(_message.Message):
    __slots__ = ("broker_id", "mqtt_topic", "payload")
    BROKER_ID_FIELD_NUMBER: _ClassVar[int]
    MQTT_TOPIC_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    broker_id: str
    mqtt_topic: str
    payload: bytes
    def __init__(self, broker_id: _Optional[str] = ..., mqtt_topic: _Optional[str] = ..., payload: _Optional[bytes] = ...) -> None: ...

class ObjectStorageEvent(_message.Message):
    __slots__ = ("change", "bucket_id", "object_id")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    change: ObjectChange
    bucket_id: str
    object_id: str
    def __init__(self, change: _Optional[_Union[ObjectChange, str]] = ..., bucket_id: _Optional[str] = ..., object_id: _Optional[str] = ...) -> None: ...

class ContainerRegistryEvent(_message.Message):
    __slots__ = ("change", "registry_id", "image_name", "tag", "image_id", "image_digest")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_NAME_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    change: RegistryChange
    registry_id: str
    image_name: str
    tag: str
    image_id: str
    image_digest: str
    def __init__(self, change: _Optional[_Union[RegistryChange, str]] = ..., registry_id: _Optional[str] = ..., image_name: _Optional[str] = ..., tag: _Optional[str] = ..., image_id: _Optional[str] = ..., image_digest: _Optional[str] = ...) -> None: ...

class CloudLogsEvent(_message.Message):
    __slots__ = ("log_group_id", "log_stream_name", "message")
    LOG_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    LOG_STREAM_NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    log_group_id: str
    log_stream_name: str
    message: str
    def __init__(self, log_group_id: _Optional[str] = ..., log_stream_name: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class LoggingEvent(_message.Message):
    __slots__ = ("log_group_id", "resource_type", "resource_id", "stream_name", "level", "message", "json_payload")
    LOG_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_NAME_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    JSON_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    log_group_id: str
    resource_type: str
    resource_id: str
    stream_name: str
    level: LogRecordLevel
    message: str
    json_payload: _struct_pb2.Struct
    def __init__(self, log_group_id: _Optional[str] = ..., resource_type: _Optional[str] = ..., resource_id: _Optional[str] = ..., stream_name: _Optional[str] = ..., level: _Optional[_Union[LogRecordLevel, str]] = ..., message: _Optional[str] = ..., json_payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class BillingBudgetEvent(_message.Message):
    __slots__ = ("billing_account_id", "budget_id", "budget_display_name", "amount", "currency", "period", "budgeted_amount", "threshold_amount", "threshold_type")
    BILLING_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BUDGET_ID_FIELD_NUMBER: _ClassVar[int]
    BUDGET_DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    BUDGETED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_TYPE_FIELD_NUMBER: _ClassVar[int]
    billing_account_id: str
    budget_id: str
    budget_display_name: str
    amount: float
    currency: str
    period: str
    budgeted_amount: float
    threshold_amount: float
    threshold_type: str
    def __init__(self, billing_account_id: _Optional[str] = ..., budget_id: _Optional[str] = ..., budget_display_name: _Optional[str] = ..., amount: _Optional[float] = ..., currency: _Optional[str] = ..., period: _Optional[str] = ..., budgeted_amount: _Optional[float] = ..., threshold_amount: _Optional[float] = ..., threshold_type: _Optional[str] = ...) -> None: ...

class DataStreamEvent(_message.Message):
    __slots__ = ("endpoint", "database", "stream", "data")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    database: str
    stream: str
    data: str
    def __init__(self, endpoint: _Optional[str] = ..., database: _Optional[str] = ..., stream: _Optional[str] = ..., data: _Optional[str] = ...) -> None: ...

class MailEvent(_message.Message):
    __slots__ = ("recipient", "headers", "message", "attachments")
    class Header(_message.Message):
        __slots__ = ("name", "value")
        NAME_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        name: str
        value: str
        def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class Attachments(_message.Message):
        __slots__ = ("bucket_id", "keys")
        BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
        KEYS_FIELD_NUMBER: _ClassVar[int]
        bucket_id: str
        keys: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, bucket_id: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_FIELD_NUMBER: _ClassVar[int]
    recipient: str
    headers: _containers.RepeatedCompositeFieldContainer[MailEvent.Header]
    message: str
    attachments: MailEvent.Attachments
    def __init__(self, recipient: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[MailEvent.Header, _Mapping]]] = ..., message: _Optional[str] = ..., attachments: _Optional[_Union[MailEvent.Attachments, _Mapping]] = ...) -> None: ...

class EventServicePublishRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[SourceEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[SourceEvent, _Mapping]]] = ...) -> None: ...

class EventServicePublishResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[PublishedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[PublishedEvent, _Mapping]]] = ...) -> None: ...

class EventServicePublishCloudEventRequest(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: _httpbody_pb2.HttpBody
    def __init__(self, event: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class EventServicePublishCloudEventResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[PublishedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[PublishedEvent, _Mapping]]] = ...) -> None: ...

class PublishedEvent(_message.Message):
    __slots__ = ("id", "accepted", "repeated", "lost", "filtered", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: str
    accepted: int
    repeated: int
    lost: int
    filtered: int
    error: str
    def __init__(self, id: _Optional[str] = ..., accepted: _Optional[int] = ..., repeated: _Optional[int] = ..., lost: _Optional[int] = ..., filtered: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class EventServiceTestEventRequest(_message.Message):
    __slots__ = ("event", "folder_id", "trigger_ids", "include_payload", "page_size", "page_token")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    event: SourceEvent
    folder_id: str
    trigger_ids: _containers.RepeatedScalarFieldContainer[str]
    include_payload: bool
    page_size: int
    page_token: str
    def __init__(self, event: _Optional[_Union[SourceEvent, _Mapping]] = ..., folder_id: _Optional[str] = ..., trigger_ids: _Optional[_Iterable[str]] = ..., include_payload: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class EventServiceTestEventResponse(_message.Message):
    __slots__ = ("verdicts", "next_page_token")
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[TriggerVerdict]
    next_page_token: str
    def __init__(self, verdicts: _Optional[_Iterable[_Union[TriggerVerdict, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TriggerVerdict(_message.Message):
    __slots__ = ("trigger_id", "name", "kind", "fires", "obstacles", "payload", "cutoff", "payload_size")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FIRES_FIELD_NUMBER: _ClassVar[int]
    OBSTACLES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CUTOFF_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_SIZE_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    name: str
    kind: str
    fires: bool
    obstacles: _containers.RepeatedCompositeFieldContainer[Obstacle]
    payload: str
    cutoff: _duration_pb2.Duration
    payload_size: int
    def __init__(self, trigger_id: _Optional[str] = ..., name: _Optional[str] = ..., kind: _Optional[str] = ..., fires: bool = ..., obstacles: _Optional[_Iterable[_Union[Obstacle, _Mapping]]] = ..., payload: _Optional[str] = ..., cutoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., payload_size: _Optional[int] = ...) -> None: ...

class Obstacle(_message.Message):
    __slots__ = ("paused", "other_kind", "filtered", "unreadable")
    class Paused(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class OtherKind(_message.Message):
        __slots__ = ("expected", "got")
        EXPECTED_FIELD_NUMBER: _ClassVar[int]
        GOT_FIELD_NUMBER: _ClassVar[int]
        expected: str
        got: str
        def __init__(self, expected: _Optional[str] = ..., got: _Optional[str] = ...) -> None: ...
    class Filtered(_message.Message):
        __slots__ = ("field", "comparison", "expected", "got")
        class Comparison(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            COMPARISON_UNSPECIFIED: _ClassVar[Obstacle.Filtered.Comparison]
            COMPARISON_ANY_OF: _ClassVar[Obstacle.Filtered.Comparison]
            COMPARISON_PREFIX: _ClassVar[Obstacle.Filtered.Comparison]
            COMPARISON_SUFFIX: _ClassVar[Obstacle.Filtered.Comparison]
            COMPARISON_TOPIC: _ClassVar[Obstacle.Filtered.Comparison]
        COMPARISON_UNSPECIFIED: Obstacle.Filtered.Comparison
        COMPARISON_ANY_OF: Obstacle.Filtered.Comparison
        COMPARISON_PREFIX: Obstacle.Filtered.Comparison
        COMPARISON_SUFFIX: Obstacle.Filtered.Comparison
        COMPARISON_TOPIC: Obstacle.Filtered.Comparison
        FIELD_FIELD_NUMBER: _ClassVar[int]
        COMPARISON_FIELD_NUMBER: _ClassVar[int]
        EXPECTED_FIELD_NUMBER: _ClassVar[int]
        GOT_FIELD_NUMBER: _ClassVar[int]
        field: str
        comparison: Obstacle.Filtered.Comparison
        expected: _containers.RepeatedScalarFieldContainer[str]
        got: str
        def __init__(self, field: _Optional[str] = ..., comparison: _Optional[_Union[Obstacle.Filtered.Comparison, str]] = ..., expected: _Optional[_Iterable[str]] = ..., got: _Optional[str] = ...) -> None: ...
    class Unreadable(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    OTHER_KIND_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    UNREADABLE_FIELD_NUMBER: _ClassVar[int]
    paused: Obstacle.Paused
    other_kind: Obstacle.OtherKind
    filtered: Obstacle.Filtered
    unreadable: Obstacle.Unreadable
    def __init__(self, paused: _Optional[_Union[Obstacle.Paused, _Mapping]] = ..., other_kind: _Optional[_Union[Obstacle.OtherKind, _Mapping]] = ..., filtered: _Optional[_Union[Obstacle.Filtered, _Mapping]] = ..., unreadable: _Optional[_Union[Obstacle.Unreadable, _Mapping]] = ...) -> None: ...

class EventServiceGetIntakeRequest(_message.Message):
    __slots__ = ("trigger_id",)
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    def __init__(self, trigger_id: _Optional[str] = ...) -> None: ...

class EventServiceGetIntakeResponse(_message.Message):
    __slots__ = ("trigger_id", "kind", "waiting_events", "due", "lost_events", "last_lost", "source", "warnings")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    WAITING_EVENTS_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    LOST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    LAST_LOST_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    kind: str
    waiting_events: int
    due: _timestamp_pb2.Timestamp
    lost_events: int
    last_lost: _timestamp_pb2.Timestamp
    source: SourceState
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, trigger_id: _Optional[str] = ..., kind: _Optional[str] = ..., waiting_events: _Optional[int] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lost_events: _Optional[int] = ..., last_lost: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[_Union[SourceState, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class EventServiceListIntakesRequest(_message.Message):
    __slots__ = ("folder_id", "page_size", "page_token")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    page_size: int
    page_token: str
    def __init__(self, folder_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class EventServiceListIntakesResponse(_message.Message):
    __slots__ = ("intakes", "next_page_token")
    INTAKES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    intakes: _containers.RepeatedCompositeFieldContainer[EventServiceGetIntakeResponse]
    next_page_token: str
    def __init__(self, intakes: _Optional[_Iterable[_Union[EventServiceGetIntakeResponse, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SourceState(_message.Message):
    __slots__ = ("connected", "last_event", "last_error", "last_error_time", "refused_events")
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    LAST_EVENT_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_TIME_FIELD_NUMBER: _ClassVar[int]
    REFUSED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    connected: bool
    last_event: _timestamp_pb2.Timestamp
    last_error: str
    last_error_time: _timestamp_pb2.Timestamp
    refused_events: int
    def __init__(self, connected: bool = ..., last_event: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_error: _Optional[str] = ..., last_error_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., refused_events: _Optional[int] = ...) -> None: ...
