import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import event_bus_parameters_pb2 as _event_bus_parameters_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import integration_state_pb2 as _integration_state_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import log_entries_pb2 as _log_entries_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import value_type_pb2 as _value_type_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReplayMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_MODE_UNSPECIFIED: _ClassVar[ReplayMode]
    REPLAY_MODE_FROM_BEGINNING: _ClassVar[ReplayMode]
    REPLAY_MODE_POINT_OF_FAILURE: _ClassVar[ReplayMode]
REPLAY_MODE_UNSPECIFIED: ReplayMode
REPLAY_MODE_FROM_BEGINNING: ReplayMode
REPLAY_MODE_POINT_OF_FAILURE: ReplayMode

class Execution(_message.Message):
    __slots__ = ("name", "trigger_id", "execution_method", "create_time", "update_time", "integration_version_state", "execution_details", "event_execution_details", "request_parameters", "response_parameters", "request_params", "response_params", "direct_sub_executions", "cloud_logging_details", "snapshot_number", "replay_info", "cloud_kms_key")
    class ExecutionMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EXECUTION_METHOD_UNSPECIFIED: _ClassVar[Execution.ExecutionMethod]
        POST: _ClassVar[Execution.ExecutionMethod]
        POST_TO_QUEUE: _ClassVar[Execution.ExecutionMethod]
        SCHEDULE: _ClassVar[Execution.ExecutionMethod]
    EXECUTION_METHOD_UNSPECIFIED: Execution.ExecutionMethod
    POST: Execution.ExecutionMethod
    POST_TO_QUEUE: Execution.ExecutionMethod
    SCHEDULE: Execution.ExecutionMethod
    class RequestParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    class ResponseParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_METHOD_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_STATE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    EVENT_EXECUTION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PARAMS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_PARAMS_FIELD_NUMBER: _ClassVar[int]
    DIRECT_SUB_EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    CLOUD_LOGGING_DETAILS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REPLAY_INFO_FIELD_NUMBER: _ClassVar[int]
    CLOUD_KMS_KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    trigger_id: str
    execution_method: Execution.ExecutionMethod
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    integration_version_state: _integration_state_pb2.IntegrationState
    execution_details: ExecutionDetails
    event_execution_details: EventExecutionDetails
    request_parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    response_parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    request_params: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    response_params: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    direct_sub_executions: _containers.RepeatedCompositeFieldContainer[Execution]
    cloud_logging_details: CloudLoggingDetails
    snapshot_number: int
    replay_info: ExecutionReplayInfo
    cloud_kms_key: str
    def __init__(self, name: _Optional[str] = ..., trigger_id: _Optional[str] = ..., execution_method: _Optional[_Union[Execution.ExecutionMethod, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., integration_version_state: _Optional[_Union[_integration_state_pb2.IntegrationState, str]] = ..., execution_details: _Optional[_Union[ExecutionDetails, _Mapping]] = ..., event_execution_details: _Optional[_Union[EventExecutionDetails, _Mapping]] = ..., request_parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., response_parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., request_params: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ..., response_params: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ..., direct_sub_executions: _Optional[_Iterable[_Union[Execution, _Mapping]]] = ..., cloud_logging_details: _Optional[_Union[CloudLoggingDetails, _Mapping]] = ..., snapshot_number: _Optional[int] = ..., replay_info: _Optional[_Union[ExecutionReplayInfo, _Mapping]] = ..., cloud_kms_key: _Optional[str] = ...) -> None: ...

class ExecutionDetails(_message.Message):
    __slots__ = ("state", "attempt_stats", "execution_snapshots", "event_execution_snapshots_size")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[ExecutionDetails.State]
        PENDING: _ClassVar[ExecutionDetails.State]
        PROCESSING: _ClassVar[ExecutionDetails.State]
        SUCCEEDED: _ClassVar[ExecutionDetails.State]
        FAILED: _ClassVar[ExecutionDetails.State]
        CANCELLED: _ClassVar[ExecutionDetails.State]
        RETRY_ON_HOLD: _ClassVar[ExecutionDetails.State]
        SUSPENDED: _ClassVar[ExecutionDetails.State]
    STATE_UNSPECIFIED: ExecutionDetails.State
    PENDING: ExecutionDetails.State
    PROCESSING: ExecutionDetails.State
    SUCCEEDED: ExecutionDetails.State
    FAILED: ExecutionDetails.State
    CANCELLED: ExecutionDetails.State
    RETRY_ON_HOLD: ExecutionDetails.State
    SUSPENDED: ExecutionDetails.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_STATS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_SNAPSHOTS_FIELD_NUMBER: _ClassVar[int]
    EVENT_EXECUTION_SNAPSHOTS_SIZE_FIELD_NUMBER: _ClassVar[int]
    state: ExecutionDetails.State
    attempt_stats: _containers.RepeatedCompositeFieldContainer[_log_entries_pb2.AttemptStats]
    execution_snapshots: _containers.RepeatedCompositeFieldContainer[ExecutionSnapshot]
    event_execution_snapshots_size: int
    def __init__(self, state: _Optional[_Union[ExecutionDetails.State, str]] = ..., attempt_stats: _Optional[_Iterable[_Union[_log_entries_pb2.AttemptStats, _Mapping]]] = ..., execution_snapshots: _Optional[_Iterable[_Union[ExecutionSnapshot, _Mapping]]] = ..., event_execution_snapshots_size: _Optional[int] = ...) -> None: ...

class ExecutionSnapshot(_message.Message):
    __slots__ = ("checkpoint_task_number", "params")
    class ParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    CHECKPOINT_TASK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    checkpoint_task_number: str
    params: _containers.MessageMap[str, _value_type_pb2.ValueType]
    def __init__(self, checkpoint_task_number: _Optional[str] = ..., params: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ...) -> None: ...

class ExecutionReplayInfo(_message.Message):
    __slots__ = ("original_execution_info_id", "replay_mode", "replay_reason", "replayed_execution_info_ids")
    ORIGINAL_EXECUTION_INFO_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_MODE_FIELD_NUMBER: _ClassVar[int]
    REPLAY_REASON_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_EXECUTION_INFO_IDS_FIELD_NUMBER: _ClassVar[int]
    original_execution_info_id: str
    replay_mode: ReplayMode
    replay_reason: str
    replayed_execution_info_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, original_execution_info_id: _Optional[str] = ..., replay_mode: _Optional[_Union[ReplayMode, str]] = ..., replay_reason: _Optional[str] = ..., replayed_execution_info_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CloudLoggingDetails(_message.Message):
    __slots__ = ("cloud_logging_severity", "enable_cloud_logging")
    class CloudLoggingSeverity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CLOUD_LOGGING_SEVERITY_UNSPECIFIED: _ClassVar[CloudLoggingDetails.CloudLoggingSeverity]
        INFO: _ClassVar[CloudLoggingDetails.CloudLoggingSeverity]
        ERROR: _ClassVar[CloudLoggingDetails.CloudLoggingSeverity]
        WARNING: _ClassVar[CloudLoggingDetails.CloudLoggingSeverity]
    CLOUD_LOGGING_SEVERITY_UNSPECIFIED: CloudLoggingDetails.CloudLoggingSeverity
    INFO: CloudLoggingDetails.CloudLoggingSeverity
    ERROR: CloudLoggingDetails.CloudLoggingSeverity
    WARNING: CloudLoggingDetails.CloudLoggingSeverity
    CLOUD_LOGGING_SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ENABLE_CLOUD_LOGGING_FIELD_NUMBER: _ClassVar[int]
    cloud_logging_severity: CloudLoggingDetails.CloudLoggingSeverity
    enable_cloud_logging: bool
    def __init__(self, cloud_logging_severity: _Optional[_Union[CloudLoggingDetails.CloudLoggingSeverity, str]] = ..., enable_cloud_logging: bool = ...) -> None: ...

class EventExecutionDetails(_message.Message):
    __slots__ = ("event_execution_state", "event_attempt_stats", "event_retries_from_beginning_count", "next_execution_time", "cancel_reason", "event_execution_snapshots_size", "log_file_path", "network_address", "rye_lock_unheld_count")
    class EventExecutionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[EventExecutionDetails.EventExecutionState]
        ON_HOLD: _ClassVar[EventExecutionDetails.EventExecutionState]
        IN_PROCESS: _ClassVar[EventExecutionDetails.EventExecutionState]
        SUCCEEDED: _ClassVar[EventExecutionDetails.EventExecutionState]
        FAILED: _ClassVar[EventExecutionDetails.EventExecutionState]
        CANCELED: _ClassVar[EventExecutionDetails.EventExecutionState]
        RETRY_ON_HOLD: _ClassVar[EventExecutionDetails.EventExecutionState]
        SUSPENDED: _ClassVar[EventExecutionDetails.EventExecutionState]
    UNSPECIFIED: EventExecutionDetails.EventExecutionState
    ON_HOLD: EventExecutionDetails.EventExecutionState
    IN_PROCESS: EventExecutionDetails.EventExecutionState
    SUCCEEDED: EventExecutionDetails.EventExecutionState
    FAILED: EventExecutionDetails.EventExecutionState
    CANCELED: EventExecutionDetails.EventExecutionState
    RETRY_ON_HOLD: EventExecutionDetails.EventExecutionState
    SUSPENDED: EventExecutionDetails.EventExecutionState
    class EventAttemptStats(_message.Message):
        __slots__ = ("start_time", "end_time")
        START_TIME_FIELD_NUMBER: _ClassVar[int]
        END_TIME_FIELD_NUMBER: _ClassVar[int]
        start_time: int
        end_time: int
        def __init__(self, start_time: _Optional[int] = ..., end_time: _Optional[int] = ...) -> None: ...
    EVENT_EXECUTION_STATE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ATTEMPT_STATS_FIELD_NUMBER: _ClassVar[int]
    EVENT_RETRIES_FROM_BEGINNING_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEXT_EXECUTION_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    EVENT_EXECUTION_SNAPSHOTS_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOG_FILE_PATH_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    RYE_LOCK_UNHELD_COUNT_FIELD_NUMBER: _ClassVar[int]
    event_execution_state: EventExecutionDetails.EventExecutionState
    event_attempt_stats: _containers.RepeatedCompositeFieldContainer[EventExecutionDetails.EventAttemptStats]
    event_retries_from_beginning_count: int
    next_execution_time: int
    cancel_reason: str
    event_execution_snapshots_size: int
    log_file_path: str
    network_address: str
    rye_lock_unheld_count: int
    def __init__(self, event_execution_state: _Optional[_Union[EventExecutionDetails.EventExecutionState, str]] = ..., event_attempt_stats: _Optional[_Iterable[_Union[EventExecutionDetails.EventAttemptStats, _Mapping]]] = ..., event_retries_from_beginning_count: _Optional[int] = ..., next_execution_time: _Optional[int] = ..., cancel_reason: _Optional[str] = ..., event_execution_snapshots_size: _Optional[int] = ..., log_file_path: _Optional[str] = ..., network_address: _Optional[str] = ..., rye_lock_unheld_count: _Optional[int] = ...) -> None: ...

class EventExecutionInfo(_message.Message):
    __slots__ = ("event_execution_info_id", "workflow_name", "workflow_id", "trigger_id", "create_time", "last_modified_time", "post_method", "product", "event_execution_details", "errors", "snapshot_number")
    class PostMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[EventExecutionInfo.PostMethod]
        POST: _ClassVar[EventExecutionInfo.PostMethod]
        POST_TO_QUEUE: _ClassVar[EventExecutionInfo.PostMethod]
        SCHEDULE: _ClassVar[EventExecutionInfo.PostMethod]
        POST_BY_EVENT_CONFIG_ID: _ClassVar[EventExecutionInfo.PostMethod]
        POST_WITH_EVENT_DETAILS: _ClassVar[EventExecutionInfo.PostMethod]
    UNSPECIFIED: EventExecutionInfo.PostMethod
    POST: EventExecutionInfo.PostMethod
    POST_TO_QUEUE: EventExecutionInfo.PostMethod
    SCHEDULE: EventExecutionInfo.PostMethod
    POST_BY_EVENT_CONFIG_ID: EventExecutionInfo.PostMethod
    POST_WITH_EVENT_DETAILS: EventExecutionInfo.PostMethod
    class Product(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED_PRODUCT: _ClassVar[EventExecutionInfo.Product]
        IP: _ClassVar[EventExecutionInfo.Product]
        APIGEE: _ClassVar[EventExecutionInfo.Product]
        SECURITY: _ClassVar[EventExecutionInfo.Product]
    UNSPECIFIED_PRODUCT: EventExecutionInfo.Product
    IP: EventExecutionInfo.Product
    APIGEE: EventExecutionInfo.Product
    SECURITY: EventExecutionInfo.Product
    EVENT_EXECUTION_INFO_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_MODIFIED_TIME_FIELD_NUMBER: _ClassVar[int]
    POST_METHOD_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    EVENT_EXECUTION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    event_execution_info_id: str
    workflow_name: str
    workflow_id: str
    trigger_id: str
    create_time: int
    last_modified_time: int
    post_method: EventExecutionInfo.PostMethod
    product: EventExecutionInfo.Product
    event_execution_details: EventExecutionDetails
    errors: _containers.RepeatedCompositeFieldContainer[EventErrorDetail]
    snapshot_number: int
    def __init__(self, event_execution_info_id: _Optional[str] = ..., workflow_name: _Optional[str] = ..., workflow_id: _Optional[str] = ..., trigger_id: _Optional[str] = ..., create_time: _Optional[int] = ..., last_modified_time: _Optional[int] = ..., post_method: _Optional[_Union[EventExecutionInfo.PostMethod, str]] = ..., product: _Optional[_Union[EventExecutionInfo.Product, str]] = ..., event_execution_details: _Optional[_Union[EventExecutionDetails, _Mapping]] = ..., errors: _Optional[_Iterable[_Union[EventErrorDetail, _Mapping]]] = ..., snapshot_number: _Optional[int] = ...) -> None: ...

class EventErrorDetail(_message.Message):
    __slots__ = ("error_message", "task_number")
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TASK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    error_message: str
    task_number: int
    def __init__(self, error_message: _Optional[str] = ..., task_number: _Optional[int] = ...) -> None: ...
