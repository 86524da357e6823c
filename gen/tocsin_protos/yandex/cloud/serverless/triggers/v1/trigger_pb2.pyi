import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_entry_pb2 as _log_entry_pb2
from tocsin_protos.yandex.cloud import validation_pb2 as _validation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TriggerType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIGGER_TYPE_UNSPECIFIED: _ClassVar[TriggerType]
    TIMER: _ClassVar[TriggerType]
    MESSAGE_QUEUE: _ClassVar[TriggerType]
    IOT_MESSAGE: _ClassVar[TriggerType]
    IOT_BROKER_MESSAGE: _ClassVar[TriggerType]
    OBJECT_STORAGE: _ClassVar[TriggerType]
    CONTAINER_REGISTRY: _ClassVar[TriggerType]
    CLOUD_LOGS: _ClassVar[TriggerType]
    LOGGING: _ClassVar[TriggerType]
    BILLING_BUDGET: _ClassVar[TriggerType]
    YDS: _ClassVar[TriggerType]
    MAIL: _ClassVar[TriggerType]
TRIGGER_TYPE_UNSPECIFIED: TriggerType
TIMER: TriggerType
MESSAGE_QUEUE: TriggerType
IOT_MESSAGE: TriggerType
IOT_BROKER_MESSAGE: TriggerType
OBJECT_STORAGE: TriggerType
CONTAINER_REGISTRY: TriggerType
CLOUD_LOGS: TriggerType
LOGGING: TriggerType
BILLING_BUDGET: TriggerType
YDS: TriggerType
MAIL: TriggerType

class Trigger(_message.Message):
    __slots__ = ("id", "folder_id", "created_at", "name", "description", "labels", "rule", "status")
    class ObjectStorageEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OBJECT_STORAGE_EVENT_TYPE_UNSPECIFIED: _ClassVar[Trigger.ObjectStorageEventType]
        OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT: _ClassVar[Trigger.ObjectStorageEventType]
        OBJECT_STORAGE_EVENT_TYPE_UPDATE_OBJECT: _ClassVar[Trigger.ObjectStorageEventType]
        OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT: _ClassVar[Trigger.ObjectStorageEventType]
    OBJECT_STORAGE_EVENT_TYPE_UNSPECIFIED: Trigger.ObjectStorageEventType
    OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT: Trigger.ObjectStorageEventType
    OBJECT_STORAGE_EVENT_TYPE_UPDATE_OBJECT: Trigger.ObjectStorageEventType
    OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT: Trigger.ObjectStorageEventType
    class ContainerRegistryEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONTAINER_REGISTRY_EVENT_TYPE_UNSPECIFIED: _ClassVar[Trigger.ContainerRegistryEventType]
        CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE: _ClassVar[Trigger.ContainerRegistryEventType]
        CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE: _ClassVar[Trigger.ContainerRegistryEventType]
        CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE_TAG: _ClassVar[Trigger.ContainerRegistryEventType]
        CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE_TAG: _ClassVar[Trigger.ContainerRegistryEventType]
    CONTAINER_REGISTRY_EVENT_TYPE_UNSPECIFIED: Trigger.ContainerRegistryEventType
    CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE: Trigger.ContainerRegistryEventType
    CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE: Trigger.ContainerRegistryEventType
    CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE_TAG: Trigger.ContainerRegistryEventType
    CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE_TAG: Trigger.ContainerRegistryEventType
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATUS_UNSPECIFIED: _ClassVar[Trigger.Status]
        ACTIVE: _ClassVar[Trigger.Status]
        PAUSED: _ClassVar[Trigger.Status]
    STATUS_UNSPECIFIED: Trigger.Status
    ACTIVE: Trigger.Status
    PAUSED: Trigger.Status
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class Rule(_message.Message):
        __slots__ = ("timer", "message_queue", "iot_message", "iot_broker_message", "object_storage", "container_registry", "cloud_logs", "logging", "billing_budget", "data_stream", "mail")
        TIMER_FIELD_NUMBER: _ClassVar[int]
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
        timer: Trigger.Timer
        message_queue: Trigger.MessageQueue
        iot_message: Trigger.IoTMessage
        iot_broker_message: Trigger.IoTBrokerMessage
        object_storage: Trigger.ObjectStorage
        container_registry: Trigger.ContainerRegistry
        cloud_logs: Trigger.CloudLogs
        logging: Trigger.Logging
        billing_budget: BillingBudget
        data_stream: DataStream
        mail: Mail
        def __init__(self, timer: _Optional[_Union[Trigger.Timer, _Mapping]] = ..., message_queue: _Optional[_Union[Trigger.MessageQueue, _Mapping]] = ..., iot_message: _Optional[_Union[Trigger.IoTMessage, _Mapping]] = ..., iot_broker_message: _Optional[_Union[Trigger.IoTBrokerMessage, _Mapping]] = ..., object_storage: _Optional[_Union[Trigger.ObjectStorage, _Mapping]] = ..., container_registry: _Optional[_Union[Trigger.ContainerRegistry, _Mapping]] = ..., cloud_logs: _Optional[_Union[Trigger.CloudLogs, _Mapping]] = ..., logging: _Optional[_Union[Trigger.Logging, _Mapping]] = ..., billing_budget: _Optional[_Union[BillingBudget, _Mapping]] = ..., data_stream: _Optional[_Union[DataStream, _Mapping]] = ..., mail: _Optional[_Union[Mail, _Mapping]] = ...) -> None: ...
    class ObjectStorage(_message.Message):
        __slots__ = ("event_type", "bucket_id", "prefix", "suffix", "batch_settings", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
        EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
        BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
        PREFIX_FIELD_NUMBER: _ClassVar[int]
        SUFFIX_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
        event_type: _containers.RepeatedScalarFieldContainer[Trigger.ObjectStorageEventType]
        bucket_id: str
        prefix: str
        suffix: str
        batch_settings: BatchSettings
        invoke_function: InvokeFunctionWithRetry
        invoke_container: InvokeContainerWithRetry
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        start_workflow: StartWorkflowWithRetry
        def __init__(self, event_type: _Optional[_Iterable[_Union[Trigger.ObjectStorageEventType, str]]] = ..., bucket_id: _Optional[str] = ..., prefix: _Optional[str] = ..., suffix: _Optional[str] = ..., batch_settings: _Optional[_Union[BatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...
    class ContainerRegistry(_message.Message):
        __slots__ = ("event_type", "registry_id", "image_name", "tag", "batch_settings", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
        EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
        REGISTRY_ID_FIELD_NUMBER: _ClassVar[int]
        IMAGE_NAME_FIELD_NUMBER: _ClassVar[int]
        TAG_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
        event_type: _containers.RepeatedScalarFieldContainer[Trigger.ContainerRegistryEventType]
        registry_id: str
        image_name: str
        tag: str
        batch_settings: BatchSettings
        invoke_function: InvokeFunctionWithRetry
        invoke_container: InvokeContainerWithRetry
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        start_workflow: StartWorkflowWithRetry
        def __init__(self, event_type: _Optional[_Iterable[_Union[Trigger.ContainerRegistryEventType, str]]] = ..., registry_id: _Optional[str] = ..., image_name: _Optional[str] = ..., tag: _Optional[str] = ..., batch_settings: _Optional[_Union[BatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...
    class CloudLogs(_message.Message):
        __slots__ = ("log_group_id", "batch_settings", "invoke_function", "invoke_container")
        LOG_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        log_group_id: _containers.RepeatedScalarFieldContainer[str]
        batch_settings: CloudLogsBatchSettings
        invoke_function: InvokeFunctionWithRetry
        invoke_container: InvokeContainerWithRetry
        def __init__(self, log_group_id: _Optional[_Iterable[str]] = ..., batch_settings: _Optional[_Union[CloudLogsBatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ...) -> None: ...
    class Logging(_message.Message):
        __slots__ = ("log_group_id", "resource_type", "resource_id", "stream_name", "levels", "batch_settings", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
        LOG_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
        RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
        RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
        STREAM_NAME_FIELD_NUMBER: _ClassVar[int]
        LEVELS_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
        log_group_id: str
        resource_type: _containers.RepeatedScalarFieldContainer[str]
        resource_id: _containers.RepeatedScalarFieldContainer[str]
        stream_name: _containers.RepeatedScalarFieldContainer[str]
        levels: _containers.RepeatedScalarFieldContainer[_log_entry_pb2.LogLevel.Level]
        batch_settings: LoggingBatchSettings
        invoke_function: InvokeFunctionWithRetry
        invoke_container: InvokeContainerWithRetry
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        start_workflow: StartWorkflowWithRetry
        def __init__(self, log_group_id: _Optional[str] = ..., resource_type: _Optional[_Iterable[str]] = ..., resource_id: _Optional[_Iterable[str]] = ..., stream_name: _Optional[_Iterable[str]] = ..., levels: _Optional[_Iterable[_Union[_log_entry_pb2.LogLevel.Level, str]]] = ..., batch_settings: _Optional[_Union[LoggingBatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...
    class Timer(_message.Message):
        __slots__ = ("cron_expression", "payload", "invoke_function", "invoke_function_with_retry", "invoke_container_with_retry", "gateway_websocket_broadcast", "start_workflow")
        CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
        PAYLOAD_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_WITH_RETRY_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_WITH_RETRY_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
        cron_expression: str
        payload: str
        invoke_function: InvokeFunctionOnce
        invoke_function_with_retry: InvokeFunctionWithRetry
        invoke_container_with_retry: InvokeContainerWithRetry
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        start_workflow: StartWorkflowWithRetry
        def __init__(self, cron_expression: _Optional[str] = ..., payload: _Optional[str] = ..., invoke_function: _Optional[_Union[InvokeFunctionOnce, _Mapping]] = ..., invoke_function_with_retry: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container_with_retry: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...
    class MessageQueue(_message.Message):
        __slots__ = ("queue_id", "service_account_id", "batch_settings", "visibility_timeout", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
        QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
        SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        VISIBILITY_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
        queue_id: str
        service_account_id: str
        batch_settings: BatchSettings
        visibility_timeout: _duration_pb2.Duration
        invoke_function: InvokeFunctionOnce
        invoke_container: InvokeContainerOnce
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        start_workflow: StartWorkflowOnce
        def __init__(self, queue_id: _Optional[str] = ..., service_account_id: _Optional[str] = ..., batch_settings: _Optional[_Union[BatchSettings, _Mapping]] = ..., visibility_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionOnce, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerOnce, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowOnce, _Mapping]] = ...) -> None: ...
    class IoTMessage(_message.Message):
        __slots__ = ("registry_id", "device_id", "mqtt_topic", "batch_settings", "invoke_function", "invoke_container", "gateway_websocket_broadcast")
        REGISTRY_ID_FIELD_NUMBER: _ClassVar[int]
        DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
        MQTT_TOPIC_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        registry_id: str
        device_id: str
        mqtt_topic: str
        batch_settings: BatchSettings
        invoke_function: InvokeFunctionWithRetry
        invoke_container: InvokeContainerWithRetry
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        def __init__(self, registry_id: _Optional[str] = ..., device_id: _Optional[str] = ..., mqtt_topic: _Optional[str] = ..., batch_settings: _Optional[_Union[BatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ...) -> None: ...
    class IoTBrokerMessage(_message.Message):
        __slots__ = ("broker_id", "mqtt_topic", "batch_settings", "invoke_function", "invoke_container", "gateway_websocket_broadcast")
        BROKER_ID_FIELD_NUMBER: _ClassVar[int]
        MQTT_TOPIC_FIELD_NUMBER: _ClassVar[int]
        BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
        INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
        INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
        GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
        broker_id: str
        mqtt_topic: str
        batch_settings: BatchSettings
        invoke_function: InvokeFunctionWithRetry
        invoke_container: InvokeContainerWithRetry
        gateway_websocket_broadcast: GatewayWebsocketBroadcast
        def __init__(self, broker_id: _Optional[str] = ..., mqtt_topic: _Optional[str] = ..., batch_settings: _Optional[_Union[BatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    folder_id: str
    created_at: _timestamp_pb2.Timestamp
    name: str
    description: str
    labels: _containers.ScalarMap[str, str]
    rule: Trigger.Rule
    status: Trigger.Status
    def __init__(self, id: _Optional[str] = ..., folder_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., rule: _Optional[_Union[Trigger.Rule, _Mapping]] = ..., status: _Optional[_Union[Trigger.Status, str]] = ...) -> None: ...

class InvokeFunctionOnce(_message.Message):
    __slots__ = ("function_id", "function_tag", "service_account_id")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_TAG_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    function_id: str
    function_tag: str
    service_account_id: str
    def __init__(self, function_id: _Optional[str] = ..., function_tag: _Optional[str] = ..., service_account_id: _Optional[str] = ...) -> None: ...

class InvokeFunctionWithRetry(_message.Message):
    __slots__ = ("function_id", "function_tag", "service_account_id", "retry_settings", "dead_letter_queue")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_TAG_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    RETRY_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_QUEUE_FIELD_NUMBER: _ClassVar[int]
    function_id: str
    function_tag: str
    service_account_id: str
    retry_settings: RetrySettings
    dead_letter_queue: PutQueueMessage
    def __init__(self, function_id: _Optional[str] = ..., function_tag: _Optional[str] = ..., service_account_id: _Optional[str] = ..., retry_settings: _Optional[_Union[RetrySettings, _Mapping]] = ..., dead_letter_queue: _Optional[_Union[PutQueueMessage, _Mapping]] = ...) -> None: ...

class InvokeContainerOnce(_message.Message):
    __slots__ = ("container_id", "path", "service_account_id")
    CONTAINER_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    container_id: str
    path: str
    service_account_id: str
    def __init__(self, container_id: _Optional[str] = ..., path: _Optional[str] = ..., service_account_id: _Optional[str] = ...) -> None: ...

class InvokeContainerWithRetry(_message.Message):
    __slots__ = ("container_id", "path", "service_account_id", "retry_settings", "dead_letter_queue")
    CONTAINER_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    RETRY_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_QUEUE_FIELD_NUMBER: _ClassVar[int]
    container_id: str
    path: str
    service_account_id: str
    retry_settings: RetrySettings
    dead_letter_queue: PutQueueMessage
    def __init__(self, container_id: _Optional[str] = ..., path: _Optional[str] = ..., service_account_id: _Optional[str] = ..., retry_settings: _Optional[_Union[RetrySettings, _Mapping]] = ..., dead_letter_queue: _Optional[_Union[PutQueueMessage, _Mapping]] = ...) -> None: ...

class StartWorkflowOnce(_message.Message):
    __slots__ = ("workflow_id", "service_account_id")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    service_account_id: str
    def __init__(self, workflow_id: _Optional[str] = ..., service_account_id: _Optional[str] = ...) -> None: ...

class StartWorkflowWithRetry(_message.Message):
    __slots__ = ("workflow_id", "service_account_id", "retry_settings", "dead_letter_queue")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    RETRY_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_QUEUE_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    service_account_id: str
    retry_settings: RetrySettings
    dead_letter_queue: PutQueueMessage
    def __init__(self, workflow_id: _Optional[str] = ..., service_account_id: _Optional[str] = ..., retry_settings: _Optional[_Union[RetrySettings, _Mapping]] = ..., dead_letter_queue: _Optional[_Union[PutQueueMessage, _Mapping]] = ...) -> None: ...

class GatewayWebsocketBroadcast(_message.Message):
    __slots__ = ("gateway_id", "path", "service_account_id")
    GATEWAY_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    gateway_id: str
    path: str
    service_account_id: str
    def __init__(self, gateway_id: _Optional[str] = ..., path: _Optional[str] = ..., service_account_id: _Optional[str] = ...) -> None: ...

class PutQueueMessage(_message.Message):
    __slots__ = ("queue_id", "service_account_id")
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    queue_id: str
    service_account_id: str
    def __init__(self, queue_id: _Optional[str] = ..., service_account_id: _Optional[str] = ...) -> None: ...

class BatchSettings(_message.Message):
    __slots__ = ("size", "cutoff")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CUTOFF_FIELD_NUMBER: _ClassVar[int]
    size: int
    cutoff: _duration_pb2.Duration
    def __init__(self, size: _Optional[int] = ..., cutoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CloudLogsBatchSettings(_message.Message):
    __slots__ = ("size", "cutoff")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CUTOFF_FIELD_NUMBER: _ClassVar[int]
    size: int
    cutoff: _duration_pb2.Duration
    def __init__(self, size: _Optional[int] = ..., cutoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LoggingBatchSettings(_message.Message):
    __slots__ = ("size", "cutoff")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CUTOFF_FIELD_NUMBER: _ClassVar[int]
    size: int
    cutoff: _duration_pb2.Duration
    def __init__(self, size: _Optional[int] = ..., cutoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RetrySettings(_message.Message):
    __slots__ = ("retry_attempts", "interval")
    RETRY_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    retry_attempts: int
    interval: _duration_pb2.Duration
    def __init__(self, retry_attempts: _Optional[int] = ..., interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class BillingBudget(_message.Message):
    __slots__ = ("billing_account_id", "budget_id", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
    BILLING_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BUDGET_ID_FIELD_NUMBER: _ClassVar[int]
    INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
    INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    billing_account_id: str
    budget_id: str
    invoke_function: InvokeFunctionWithRetry
    invoke_container: InvokeContainerWithRetry
    gateway_websocket_broadcast: GatewayWebsocketBroadcast
    start_workflow: StartWorkflowWithRetry
    def __init__(self, billing_account_id: _Optional[str] = ..., budget_id: _Optional[str] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...

class DataStreamBatchSettings(_message.Message):
    __slots__ = ("size", "cutoff")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CUTOFF_FIELD_NUMBER: _ClassVar[int]
    size: int
    cutoff: _duration_pb2.Duration
    def __init__(self, size: _Optional[int] = ..., cutoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DataStream(_message.Message):
    __slots__ = ("endpoint", "database", "stream", "service_account_id", "batch_settings", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
    INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    database: str
    stream: str
    service_account_id: str
    batch_settings: DataStreamBatchSettings
    invoke_function: InvokeFunctionWithRetry
    invoke_container: InvokeContainerWithRetry
    gateway_websocket_broadcast: GatewayWebsocketBroadcast
    start_workflow: StartWorkflowWithRetry
    def __init__(self, endpoint: _Optional[str] = ..., database: _Optional[str] = ..., stream: _Optional[str] = ..., service_account_id: _Optional[str] = ..., batch_settings: _Optional[_Union[DataStreamBatchSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...

class ObjectStorageBucketSettings(_message.Message):
    __slots__ = ("bucket_id", "service_account_id")
    BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    bucket_id: str
    service_account_id: str
    def __init__(self, bucket_id: _Optional[str] = ..., service_account_id: _Optional[str] = ...) -> None: ...

class Mail(_message.Message):
    __slots__ = ("email", "batch_settings", "attachments_bucket", "invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow")
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    BATCH_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_BUCKET_FIELD_NUMBER: _ClassVar[int]
    INVOKE_FUNCTION_FIELD_NUMBER: _ClassVar[int]
    INVOKE_CONTAINER_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_WEBSOCKET_BROADCAST_FIELD_NUMBER: _ClassVar[int]
    START_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    email: str
    batch_settings: BatchSettings
    attachments_bucket: ObjectStorageBucketSettings
    invoke_function: InvokeFunctionWithRetry
    invoke_container: InvokeContainerWithRetry
    gateway_websocket_broadcast: GatewayWebsocketBroadcast
    start_workflow: StartWorkflowWithRetry
    def __init__(self, email: _Optional[str] = ..., batch_settings: _Optional[_Union[BatchSettings, _Mapping]] = ..., attachments_bucket: _Optional[_Union[ObjectStorageBucketSettings, _Mapping]] = ..., invoke_function: _Optional[_Union[InvokeFunctionWithRetry, _Mapping]] = ..., invoke_container: _Optional[_Union[InvokeContainerWithRetry, _Mapping]] = ..., gateway_websocket_broadcast: _Optional[_Union[GatewayWebsocketBroadcast, _Mapping]] = ..., start_workflow: _Optional[_Union[StartWorkflowWithRetry, _Mapping]] = ...) -> None: ...
