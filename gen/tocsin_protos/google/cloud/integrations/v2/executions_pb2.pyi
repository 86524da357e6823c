import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.yandex.cloud import validation_pb2 as _validation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScheduleIntegrationRequest(_message.Message):
    __slots__ = ("parent", "body", "trigger_id", "schedule_time", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TIME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    body: _struct_pb2.Struct
    trigger_id: str
    schedule_time: _timestamp_pb2.Timestamp
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., body: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., trigger_id: _Optional[str] = ..., schedule_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class ExecuteIntegrationRequest(_message.Message):
    __slots__ = ("parent", "body", "trigger_id", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    body: _struct_pb2.Struct
    trigger_id: str
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., body: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., trigger_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class ListExecutionsRequest(_message.Message):
    __slots__ = ("parent", "filter", "page_size", "page_token", "read_mask")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    parent: str
    filter: str
    page_size: int
    page_token: str
    read_mask: _field_mask_pb2.FieldMask
    def __init__(self, parent: _Optional[str] = ..., filter: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListExecutionsResponse(_message.Message):
    __slots__ = ("executions", "next_page_token")
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    executions: _containers.RepeatedCompositeFieldContainer[Execution]
    next_page_token: str
    def __init__(self, executions: _Optional[_Iterable[_Union[Execution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Execution(_message.Message):
    __slots__ = ("name", "state", "trigger_id", "create_time", "update_time", "request_variables", "response_variables", "execution_attempt_stats", "integration_version_number", "integration_version_user_label", "contain_task_variables", "replay_info")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Execution.State]
        ON_HOLD: _ClassVar[Execution.State]
        IN_PROCESS: _ClassVar[Execution.State]
        SUCCEEDED: _ClassVar[Execution.State]
        FAILED: _ClassVar[Execution.State]
        CANCELLED: _ClassVar[Execution.State]
        RETRY_ON_HOLD: _ClassVar[Execution.State]
        SUSPENDED: _ClassVar[Execution.State]
    STATE_UNSPECIFIED: Execution.State
    ON_HOLD: Execution.State
    IN_PROCESS: Execution.State
    SUCCEEDED: Execution.State
    FAILED: Execution.State
    CANCELLED: Execution.State
    RETRY_ON_HOLD: Execution.State
    SUSPENDED: Execution.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ATTEMPT_STATS_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_USER_LABEL_FIELD_NUMBER: _ClassVar[int]
    CONTAIN_TASK_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    REPLAY_INFO_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: Execution.State
    trigger_id: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    request_variables: _struct_pb2.Struct
    response_variables: _struct_pb2.Struct
    execution_attempt_stats: _containers.RepeatedCompositeFieldContainer[AttemptStats]
    integration_version_number: int
    integration_version_user_label: str
    contain_task_variables: bool
    replay_info: ExecutionReplayInfo
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[Execution.State, str]] = ..., trigger_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_variables: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., response_variables: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., execution_attempt_stats: _Optional[_Iterable[_Union[AttemptStats, _Mapping]]] = ..., integration_version_number: _Optional[int] = ..., integration_version_user_label: _Optional[str] = ..., contain_task_variables: bool = ..., replay_info: _Optional[_Union[ExecutionReplayInfo, _Mapping]] = ...) -> None: ...

class AttemptStats(_message.Message):
    __slots__ = ("start_time", "end_time")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExecutionReplayInfo(_message.Message):
    __slots__ = ("original_execution_id", "replay_mode", "replay_reason", "replayed_execution_ids")
    class ReplayMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REPLAY_MODE_UNSPECIFIED: _ClassVar[ExecutionReplayInfo.ReplayMode]
        REPLAY_MODE_FROM_BEGINNING: _ClassVar[ExecutionReplayInfo.ReplayMode]
        REPLAY_MODE_POINT_OF_FAILURE: _ClassVar[ExecutionReplayInfo.ReplayMode]
    REPLAY_MODE_UNSPECIFIED: ExecutionReplayInfo.ReplayMode
    REPLAY_MODE_FROM_BEGINNING: ExecutionReplayInfo.ReplayMode
    REPLAY_MODE_POINT_OF_FAILURE: ExecutionReplayInfo.ReplayMode
    ORIGINAL_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_MODE_FIELD_NUMBER: _ClassVar[int]
    REPLAY_REASON_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_EXECUTION_IDS_FIELD_NUMBER: _ClassVar[int]
    original_execution_id: str
    replay_mode: ExecutionReplayInfo.ReplayMode
    replay_reason: str
    replayed_execution_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, original_execution_id: _Optional[str] = ..., replay_mode: _Optional[_Union[ExecutionReplayInfo.ReplayMode, str]] = ..., replay_reason: _Optional[str] = ..., replayed_execution_ids: _Optional[_Iterable[str]] = ...) -> None: ...
