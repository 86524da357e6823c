import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import event_bus_parameters_pb2 as _event_bus_parameters_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import execution_pb2 as _execution_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import integration_version_pb2 as _integration_version_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import value_type_pb2 as _value_type_pb2
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

class ScheduleIntegrationsRequest(_message.Message):
    __slots__ = ("name", "trigger_id", "parameters", "schedule_time", "request_id", "parameter_entries", "input_parameters", "user_generated_execution_id")
    class InputParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TIME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    INPUT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    USER_GENERATED_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    trigger_id: str
    parameters: _event_bus_parameters_pb2.EventBusEventParameters
    schedule_time: _timestamp_pb2.Timestamp
    request_id: str
    parameter_entries: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    input_parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    user_generated_execution_id: str
    def __init__(self, name: _Optional[str] = ..., trigger_id: _Optional[str] = ..., parameters: _Optional[_Union[_event_bus_parameters_pb2.EventBusEventParameters, _Mapping]] = ..., schedule_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_id: _Optional[str] = ..., parameter_entries: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ..., input_parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., user_generated_execution_id: _Optional[str] = ...) -> None: ...

class ScheduleIntegrationsResponse(_message.Message):
    __slots__ = ("execution_info_ids",)
    EXECUTION_INFO_IDS_FIELD_NUMBER: _ClassVar[int]
    execution_info_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, execution_info_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListExecutionsRequest(_message.Message):
    __slots__ = ("parent", "filter", "filter_params", "order_by", "page_size", "page_token", "read_mask", "refresh_acl", "truncate_params", "snapshot_metadata_without_params")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    FILTER_PARAMS_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    REFRESH_ACL_FIELD_NUMBER: _ClassVar[int]
    TRUNCATE_PARAMS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_METADATA_WITHOUT_PARAMS_FIELD_NUMBER: _ClassVar[int]
    parent: str
    filter: str
    filter_params: ExecutionFilterParams
    order_by: str
    page_size: int
    page_token: str
    read_mask: _field_mask_pb2.FieldMask
    refresh_acl: bool
    truncate_params: bool
    snapshot_metadata_without_params: bool
    def __init__(self, parent: _Optional[str] = ..., filter: _Optional[str] = ..., filter_params: _Optional[_Union[ExecutionFilterParams, _Mapping]] = ..., order_by: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., refresh_acl: bool = ..., truncate_params: bool = ..., snapshot_metadata_without_params: bool = ...) -> None: ...

class ExecutionFilterParams(_message.Message):
    __slots__ = ("custom_filter", "start_time", "end_time", "event_statuses", "execution_id", "parameter_pair_key", "parameter_pair_value", "parameter_type", "workflow_name", "parameter_key", "parameter_value", "task_statuses")
    CUSTOM_FILTER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_STATUSES_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_PAIR_KEY_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_PAIR_VALUE_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_TYPE_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_KEY_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_VALUE_FIELD_NUMBER: _ClassVar[int]
    TASK_STATUSES_FIELD_NUMBER: _ClassVar[int]
    custom_filter: str
    start_time: int
    end_time: int
    event_statuses: _containers.RepeatedScalarFieldContainer[str]
    execution_id: str
    parameter_pair_key: str
    parameter_pair_value: str
    parameter_type: str
    workflow_name: str
    parameter_key: str
    parameter_value: str
    task_statuses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, custom_filter: _Optional[str] = ..., start_time: _Optional[int] = ..., end_time: _Optional[int] = ..., event_statuses: _Optional[_Iterable[str]] = ..., execution_id: _Optional[str] = ..., parameter_pair_key: _Optional[str] = ..., parameter_pair_value: _Optional[str] = ..., parameter_type: _Optional[str] = ..., workflow_name: _Optional[str] = ..., parameter_key: _Optional[str] = ..., parameter_value: _Optional[str] = ..., task_statuses: _Optional[_Iterable[str]] = ...) -> None: ...

class ListExecutionsResponse(_message.Message):
    __slots__ = ("executions", "execution_infos", "next_page_token")
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_INFOS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    executions: _containers.RepeatedCompositeFieldContainer[_execution_pb2.Execution]
    execution_infos: _containers.RepeatedCompositeFieldContainer[_execution_pb2.EventExecutionInfo]
    next_page_token: str
    def __init__(self, executions: _Optional[_Iterable[_Union[_execution_pb2.Execution, _Mapping]]] = ..., execution_infos: _Optional[_Iterable[_Union[_execution_pb2.EventExecutionInfo, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetExecutionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DownloadExecutionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DownloadExecutionResponse(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: str
    def __init__(self, content: _Optional[str] = ...) -> None: ...

class CancelExecutionRequest(_message.Message):
    __slots__ = ("name", "cancel_reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    cancel_reason: str
    def __init__(self, name: _Optional[str] = ..., cancel_reason: _Optional[str] = ...) -> None: ...

class CancelExecutionResponse(_message.Message):
    __slots__ = ("is_canceled",)
    IS_CANCELED_FIELD_NUMBER: _ClassVar[int]
    is_canceled: bool
    def __init__(self, is_canceled: bool = ...) -> None: ...

class TestIntegrationsRequest(_message.Message):
    __slots__ = ("name", "integration_version", "trigger_id", "client_id", "input_parameters", "config_parameters", "deadline_seconds_time", "test_mode", "async_execution", "credential_mode", "parameters")
    class CredentialMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CREDENTIAL_MODE_UNSPECIFIED: _ClassVar[TestIntegrationsRequest.CredentialMode]
        CREDENTIAL_MODE_CURRENT: _ClassVar[TestIntegrationsRequest.CredentialMode]
        CREDENTIAL_MODE_HARDENED: _ClassVar[TestIntegrationsRequest.CredentialMode]
    CREDENTIAL_MODE_UNSPECIFIED: TestIntegrationsRequest.CredentialMode
    CREDENTIAL_MODE_CURRENT: TestIntegrationsRequest.CredentialMode
    CREDENTIAL_MODE_HARDENED: TestIntegrationsRequest.CredentialMode
    class InputParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    class ConfigParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_SECONDS_TIME_FIELD_NUMBER: _ClassVar[int]
    TEST_MODE_FIELD_NUMBER: _ClassVar[int]
    ASYNC_EXECUTION_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_MODE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    integration_version: _integration_version_pb2.IntegrationVersion
    trigger_id: str
    client_id: str
    input_parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    config_parameters: _containers.MessageMap[str, _struct_pb2.Value]
    deadline_seconds_time: _timestamp_pb2.Timestamp
    test_mode: bool
    async_execution: bool
    credential_mode: TestIntegrationsRequest.CredentialMode
    parameters: FrontendsEventParameters
    def __init__(self, name: _Optional[str] = ..., integration_version: _Optional[_Union[_integration_version_pb2.IntegrationVersion, _Mapping]] = ..., trigger_id: _Optional[str] = ..., client_id: _Optional[str] = ..., input_parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., config_parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., deadline_seconds_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., test_mode: bool = ..., async_execution: bool = ..., credential_mode: _Optional[_Union[TestIntegrationsRequest.CredentialMode, str]] = ..., parameters: _Optional[_Union[FrontendsEventParameters, _Mapping]] = ...) -> None: ...

class TestIntegrationsResponse(_message.Message):
    __slots__ = ("execution_id", "execution_failed", "parameters", "event_parameters", "parameter_entries")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FAILED_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    EVENT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    execution_failed: bool
    parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    event_parameters: FrontendsEventParameters
    parameter_entries: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    def __init__(self, execution_id: _Optional[str] = ..., execution_failed: bool = ..., parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., event_parameters: _Optional[_Union[FrontendsEventParameters, _Mapping]] = ..., parameter_entries: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ...) -> None: ...

class ExecuteIntegrationsRequest(_message.Message):
    __slots__ = ("name", "trigger_id", "input_parameters", "request_id", "do_not_propagate_error", "execution_id", "parameters", "parameter_entries")
    class InputParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DO_NOT_PROPAGATE_ERROR_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    name: str
    trigger_id: str
    input_parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    request_id: str
    do_not_propagate_error: bool
    execution_id: str
    parameters: FrontendsEventParameters
    parameter_entries: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    def __init__(self, name: _Optional[str] = ..., trigger_id: _Optional[str] = ..., input_parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., request_id: _Optional[str] = ..., do_not_propagate_error: bool = ..., execution_id: _Optional[str] = ..., parameters: _Optional[_Union[FrontendsEventParameters, _Mapping]] = ..., parameter_entries: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ...) -> None: ...

class FrontendsEventParameters(_message.Message):
    __slots__ = ("parameters",)
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    parameters: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    def __init__(self, parameters: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ...) -> None: ...

class ExecuteIntegrationsResponse(_message.Message):
    __slots__ = ("execution_id", "output_parameters", "parameters", "event_parameters", "parameter_entries", "execution_failed")
    class OutputParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    EVENT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FAILED_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    output_parameters: _containers.MessageMap[str, _struct_pb2.Value]
    parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    event_parameters: FrontendsEventParameters
    parameter_entries: _containers.RepeatedCompositeFieldContainer[_event_bus_parameters_pb2.FrontendsParameterEntry]
    execution_failed: bool
    def __init__(self, execution_id: _Optional[str] = ..., output_parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., event_parameters: _Optional[_Union[FrontendsEventParameters, _Mapping]] = ..., parameter_entries: _Optional[_Iterable[_Union[_event_bus_parameters_pb2.FrontendsParameterEntry, _Mapping]]] = ..., execution_failed: bool = ...) -> None: ...

class ReplayExecutionRequest(_message.Message):
    __slots__ = ("name", "replay_mode", "replay_reason", "modified_parameters", "update_mask")
    class ModifiedParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_type_pb2.ValueType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    REPLAY_MODE_FIELD_NUMBER: _ClassVar[int]
    REPLAY_REASON_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    name: str
    replay_mode: _execution_pb2.ReplayMode
    replay_reason: str
    modified_parameters: _containers.MessageMap[str, _value_type_pb2.ValueType]
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, name: _Optional[str] = ..., replay_mode: _Optional[_Union[_execution_pb2.ReplayMode, str]] = ..., replay_reason: _Optional[str] = ..., modified_parameters: _Optional[_Mapping[str, _value_type_pb2.ValueType]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ReplayExecutionResponse(_message.Message):
    __slots__ = ("execution_id", "replayed_execution_id", "output_parameters")
    class OutputParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    replayed_execution_id: str
    output_parameters: _containers.MessageMap[str, _struct_pb2.Value]
    def __init__(self, execution_id: _Optional[str] = ..., replayed_execution_id: _Optional[str] = ..., output_parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ...) -> None: ...

class ExecuteEventRequest(_message.Message):
    __slots__ = ("name", "trigger_id", "event")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    trigger_id: str
    event: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., trigger_id: _Optional[str] = ..., event: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ExecuteEventResponse(_message.Message):
    __slots__ = ("execution_id",)
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    def __init__(self, execution_id: _Optional[str] = ...) -> None: ...
