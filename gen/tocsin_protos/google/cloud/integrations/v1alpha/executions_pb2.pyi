import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import event_bus_parameters_pb2 as _event_bus_parameters_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import value_type_pb2 as _value_type_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.yandex.cloud import validation_pb2 as _validation_pb2
from google.protobuf.internal import containers as _containers
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
