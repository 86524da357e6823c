from tocsin_protos.google.cloud.integrations.v1alpha import value_type_pb2 as _value_type_pb2
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventBusEventParameters(_message.Message):
    __slots__ = ("parameters",)
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    parameters: _containers.RepeatedCompositeFieldContainer[EventBusParameterEntry]
    def __init__(self, parameters: _Optional[_Iterable[_Union[EventBusParameterEntry, _Mapping]]] = ...) -> None: ...

class EventBusParameterEntry(_message.Message):
    __slots__ = ("key", "value", "masked")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MASKED_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: EventBusParameterValueType
    masked: bool
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[EventBusParameterValueType, _Mapping]] = ..., masked: bool = ...) -> None: ...

class EventBusParameterValueType(_message.Message):
    __slots__ = ("string_value", "int_value", "double_value", "boolean_value", "string_array", "int_array", "double_array", "boolean_array", "proto_value", "proto_array", "serialized_object_value")
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_ARRAY_FIELD_NUMBER: _ClassVar[int]
    INT_ARRAY_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_ARRAY_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_ARRAY_FIELD_NUMBER: _ClassVar[int]
    PROTO_VALUE_FIELD_NUMBER: _ClassVar[int]
    PROTO_ARRAY_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_OBJECT_VALUE_FIELD_NUMBER: _ClassVar[int]
    string_value: str
    int_value: int
    double_value: float
    boolean_value: bool
    string_array: _value_type_pb2.StringParameterArray
    int_array: _value_type_pb2.IntParameterArray
    double_array: _value_type_pb2.DoubleParameterArray
    boolean_array: _value_type_pb2.BooleanParameterArray
    proto_value: _any_pb2.Any
    proto_array: ProtoParameterArray
    serialized_object_value: SerializedObjectParameter
    def __init__(self, string_value: _Optional[str] = ..., int_value: _Optional[int] = ..., double_value: _Optional[float] = ..., boolean_value: bool = ..., string_array: _Optional[_Union[_value_type_pb2.StringParameterArray, _Mapping]] = ..., int_array: _Optional[_Union[_value_type_pb2.IntParameterArray, _Mapping]] = ..., double_array: _Optional[_Union[_value_type_pb2.DoubleParameterArray, _Mapping]] = ..., boolean_array: _Optional[_Union[_value_type_pb2.BooleanParameterArray, _Mapping]] = ..., proto_value: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., proto_array: _Optional[_Union[ProtoParameterArray, _Mapping]] = ..., serialized_object_value: _Optional[_Union[SerializedObjectParameter, _Mapping]] = ...) -> None: ...

class FrontendsParameterEntry(_message.Message):
    __slots__ = ("key", "value", "data_type", "masked")
    class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DATA_TYPE_UNSPECIFIED: _ClassVar[FrontendsParameterEntry.DataType]
        STRING_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
        INT_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
        DOUBLE_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
        BOOLEAN_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
        PROTO_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
        SERIALIZED_OBJECT_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
        STRING_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        INT_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        DOUBLE_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        PROTO_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        PROTO_ENUM: _ClassVar[FrontendsParameterEntry.DataType]
        BOOLEAN_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        PROTO_ENUM_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        BYTES: _ClassVar[FrontendsParameterEntry.DataType]
        BYTES_ARRAY: _ClassVar[FrontendsParameterEntry.DataType]
        NON_SERIALIZABLE_OBJECT: _ClassVar[FrontendsParameterEntry.DataType]
        JSON_VALUE: _ClassVar[FrontendsParameterEntry.DataType]
    DATA_TYPE_UNSPECIFIED: FrontendsParameterEntry.DataType
    STRING_VALUE: FrontendsParameterEntry.DataType
    INT_VALUE: FrontendsParameterEntry.DataType
    DOUBLE_VALUE: FrontendsParameterEntry.DataType
    BOOLEAN_VALUE: FrontendsParameterEntry.DataType
    PROTO_VALUE: FrontendsParameterEntry.DataType
    SERIALIZED_OBJECT_VALUE: FrontendsParameterEntry.DataType
    STRING_ARRAY: FrontendsParameterEntry.DataType
    INT_ARRAY: FrontendsParameterEntry.DataType
    DOUBLE_ARRAY: FrontendsParameterEntry.DataType
    PROTO_ARRAY: FrontendsParameterEntry.DataType
    PROTO_ENUM: FrontendsParameterEntry.DataType
    BOOLEAN_ARRAY: FrontendsParameterEntry.DataType
    PROTO_ENUM_ARRAY: FrontendsParameterEntry.DataType
    BYTES: FrontendsParameterEntry.DataType
    BYTES_ARRAY: FrontendsParameterEntry.DataType
    NON_SERIALIZABLE_OBJECT: FrontendsParameterEntry.DataType
    JSON_VALUE: FrontendsParameterEntry.DataType
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MASKED_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: FrontendsParameterValueType
    data_type: FrontendsParameterEntry.DataType
    masked: bool
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[FrontendsParameterValueType, _Mapping]] = ..., data_type: _Optional[_Union[FrontendsParameterEntry.DataType, str]] = ..., masked: bool = ...) -> None: ...

class FrontendsParameterValueType(_message.Message):
    __slots__ = ("string_value", "int_value", "double_value", "boolean_value", "string_array", "int_array", "double_array", "boolean_array", "proto_value", "proto_array", "serialized_object_value", "json_value")
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_ARRAY_FIELD_NUMBER: _ClassVar[int]
    INT_ARRAY_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_ARRAY_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_ARRAY_FIELD_NUMBER: _ClassVar[int]
    PROTO_VALUE_FIELD_NUMBER: _ClassVar[int]
    PROTO_ARRAY_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_OBJECT_VALUE_FIELD_NUMBER: _ClassVar[int]
    JSON_VALUE_FIELD_NUMBER: _ClassVar[int]
    string_value: str
    int_value: int
    double_value: float
    boolean_value: bool
    string_array: _value_type_pb2.StringParameterArray
    int_array: _value_type_pb2.IntParameterArray
    double_array: _value_type_pb2.DoubleParameterArray
    boolean_array: _value_type_pb2.BooleanParameterArray
    proto_value: _any_pb2.Any
    proto_array: ProtoParameterArray
    serialized_object_value: SerializedObjectParameter
    json_value: str
    def __init__(self, string_value: _Optional[str] = ..., int_value: _Optional[int] = ..., double_value: _Optional[float] = ..., boolean_value: bool = ..., string_array: _Optional[_Union[_value_type_pb2.StringParameterArray, _Mapping]] = ..., int_array: _Optional[_Union[_value_type_pb2.IntParameterArray, _Mapping]] = ..., double_array: _Optional[_Union[_value_type_pb2.DoubleParameterArray, _Mapping]] = ..., boolean_array: _Optional[_Union[_value_type_pb2.BooleanParameterArray, _Mapping]] = ..., proto_value: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., proto_array: _Optional[_Union[ProtoParameterArray, _Mapping]] = ..., serialized_object_value: _Optional[_Union[SerializedObjectParameter, _Mapping]] = ..., json_value: _Optional[str] = ...) -> None: ...

class ProtoParameterArray(_message.Message):
    __slots__ = ("proto_values",)
    PROTO_VALUES_FIELD_NUMBER: _ClassVar[int]
    proto_values: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, proto_values: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class SerializedObjectParameter(_message.Message):
    __slots__ = ("object_value",)
    OBJECT_VALUE_FIELD_NUMBER: _ClassVar[int]
    object_value: bytes
    def __init__(self, object_value: _Optional[bytes] = ...) -> None: ...
