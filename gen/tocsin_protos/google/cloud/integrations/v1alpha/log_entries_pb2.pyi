import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import event_parameter_pb2 as _event_parameter_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import integration_state_pb2 as _integration_state_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionInfo(_message.Message):
    __slots__ = ("integration", "project_id", "trigger_id", "request_params", "response_params", "errors", "execution_id", "integration_version_state", "integration_execution_details", "execution_method", "integration_snapshot_number", "replay_info")
    class ExecutionMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EXECUTION_METHOD_UNSPECIFIED: _ClassVar[ExecutionInfo.ExecutionMethod]
        POST: _ClassVar[ExecutionInfo.ExecutionMethod]
        SCHEDULE: _ClassVar[ExecutionInfo.ExecutionMethod]
        POST_TO_QUEUE: _ClassVar[ExecutionInfo.ExecutionMethod]
    EXECUTION_METHOD_UNSPECIFIED: ExecutionInfo.ExecutionMethod
    POST: ExecutionInfo.ExecutionMethod
    SCHEDULE: ExecutionInfo.ExecutionMethod
    POST_TO_QUEUE: ExecutionInfo.ExecutionMethod
    class RequestParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _event_parameter_pb2.EventParameter
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_event_parameter_pb2.EventParameter, _Mapping]] = ...) -> None: ...
    class ResponseParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _event_parameter_pb2.EventParameter
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_event_parameter_pb2.EventParameter, _Mapping]] = ...) -> None: ...
    INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PARAMS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_PARAMS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_STATE_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_EXECUTION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_METHOD_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_SNAPSHOT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REPLAY_INFO_FIELD_NUMBER: _ClassVar[int]
    integration: str
    project_id: str
    trigger_id: str
    request_params: _containers.MessageMap[str, _event_parameter_pb2.EventParameter]
    response_params: _containers.MessageMap[str, _event_parameter_pb2.EventParameter]
    errors: _containers.RepeatedCompositeFieldContainer[ErrorDetail]
    execution_id: str
    integration_version_state: _integration_state_pb2.IntegrationState
    integration_execution_details: IntegrationExecutionDetails
    execution_method: ExecutionInfo.ExecutionMethod
    integration_snapshot_number: int
    replay_info: ReplayInfo
    def __init__(self, integration: _Optional[str] = ..., project_id: _Optional[str] = ..., trigger_id: _Optional[str] = ..., request_params: _Optional[_Mapping[str, _event_parameter_pb2.EventParameter]] = ..., response_params: _Optional[_Mapping[str, _event_parameter_pb2.EventParameter]] = ..., errors: _Optional[_Iterable[_Union[ErrorDetail, _Mapping]]] = ..., execution_id: _Optional[str] = ..., integration_version_state: _Optional[_Union[_integration_state_pb2.IntegrationState, str]] = ..., integration_execution_details: _Optional[_Union[IntegrationExecutionDetails, _Mapping]] = ..., execution_method: _Optional[_Union[ExecutionInfo.ExecutionMethod, str]] = ..., integration_snapshot_number: _Optional[int] = ..., replay_info: _Optional[_Union[ReplayInfo, _Mapping]] = ...) -> None: ...

class ReplayInfo(_message.Message):
    __slots__ = ("original_execution_info_id", "replayed_execution_info_ids", "replay_reason", "replay_mode")
    class ReplayMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REPLAY_MODE_UNSPECIFIED: _ClassVar[ReplayInfo.ReplayMode]
        REPLAY_MODE_FROM_BEGINNING: _ClassVar[ReplayInfo.ReplayMode]
        REPLAY_MODE_POINT_OF_FAILURE: _ClassVar[ReplayInfo.ReplayMode]
    REPLAY_MODE_UNSPECIFIED: ReplayInfo.ReplayMode
    REPLAY_MODE_FROM_BEGINNING: ReplayInfo.ReplayMode
    REPLAY_MODE_POINT_OF_FAILURE: ReplayInfo.ReplayMode
    ORIGINAL_EXECUTION_INFO_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_EXECUTION_INFO_IDS_FIELD_NUMBER: _ClassVar[int]
    REPLAY_REASON_FIELD_NUMBER: _ClassVar[int]
    REPLAY_MODE_FIELD_NUMBER: _ClassVar[int]
    original_execution_info_id: str
    replayed_execution_info_ids: _containers.RepeatedScalarFieldContainer[str]
    replay_reason: str
    replay_mode: ReplayInfo.ReplayMode
    def __init__(self, original_execution_info_id: _Optional[str] = ..., replayed_execution_info_ids: _Optional[_Iterable[str]] = ..., replay_reason: _Optional[str] = ..., replay_mode: _Optional[_Union[ReplayInfo.ReplayMode, str]] = ...) -> None: ...

class IntegrationExecutionDetails(_message.Message):
    __slots__ = ("integration_execution_state", "execution_attempt_stats", "next_execution_time", "execution_retries_count")
    class IntegrationExecutionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTEGRATION_EXECUTION_STATE_UNSPECIFIED: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        ON_HOLD: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        IN_PROCESS: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        SUCCEEDED: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        FAILED: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        CANCELLED: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        RETRY_ON_HOLD: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
        SUSPENDED: _ClassVar[IntegrationExecutionDetails.IntegrationExecutionState]
    INTEGRATION_EXECUTION_STATE_UNSPECIFIED: IntegrationExecutionDetails.IntegrationExecutionState
    ON_HOLD: IntegrationExecutionDetails.IntegrationExecutionState
    IN_PROCESS: IntegrationExecutionDetails.IntegrationExecutionState
    SUCCEEDED: IntegrationExecutionDetails.IntegrationExecutionState
    FAILED: IntegrationExecutionDetails.IntegrationExecutionState
    CANCELLED: IntegrationExecutionDetails.IntegrationExecutionState
    RETRY_ON_HOLD: IntegrationExecutionDetails.IntegrationExecutionState
    SUSPENDED: IntegrationExecutionDetails.IntegrationExecutionState
    INTEGRATION_EXECUTION_STATE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ATTEMPT_STATS_FIELD_NUMBER: _ClassVar[int]
    NEXT_EXECUTION_TIME_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_RETRIES_COUNT_FIELD_NUMBER: _ClassVar[int]
    integration_execution_state: IntegrationExecutionDetails.IntegrationExecutionState
    execution_attempt_stats: _containers.RepeatedCompositeFieldContainer[AttemptStats]
    next_execution_time: _timestamp_pb2.Timestamp
    execution_retries_count: int
    def __init__(self, integration_execution_state: _Optional[_Union[IntegrationExecutionDetails.IntegrationExecutionState, str]] = ..., execution_attempt_stats: _Optional[_Iterable[_Union[AttemptStats, _Mapping]]] = ..., next_execution_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., execution_retries_count: _Optional[int] = ...) -> None: ...

class AttemptStats(_message.Message):
    __slots__ = ("start_time", "end_time")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ErrorDetail(_message.Message):
    __slots__ = ("error_message", "task_number")
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TASK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    error_message: str
    task_number: int
    def __init__(self, error_message: _Optional[str] = ..., task_number: _Optional[int] = ...) -> None: ...
