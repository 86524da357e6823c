import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.tocsin.v1 import invocation_pb2 as _invocation_pb2
from tocsin_protos.tocsin.v1 import job_service_pb2 as _job_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InvocationServiceListRequest(_message.Message):
    __slots__ = ("trigger_id", "integration", "states", "scheduled_from", "scheduled_before", "page_size", "page_token", "folder_id", "integration_id", "error_text", "oldest_first")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_FROM_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_TEXT_FIELD_NUMBER: _ClassVar[int]
    OLDEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    integration: str
    states: _containers.RepeatedScalarFieldContainer[_invocation_pb2.Invocation.State]
    scheduled_from: _timestamp_pb2.Timestamp
    scheduled_before: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    folder_id: str
    integration_id: str
    error_text: str
    oldest_first: bool
    def __init__(self, trigger_id: _Optional[str] = ..., integration: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_invocation_pb2.Invocation.State, str]]] = ..., scheduled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., folder_id: _Optional[str] = ..., integration_id: _Optional[str] = ..., error_text: _Optional[str] = ..., oldest_first: bool = ...) -> None: ...

class InvocationServiceListResponse(_message.Message):
    __slots__ = ("invocations", "next_page_token", "searched_until")
    INVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEARCHED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    invocations: _containers.RepeatedCompositeFieldContainer[_invocation_pb2.Invocation]
    next_page_token: str
    searched_until: _timestamp_pb2.Timestamp
    def __init__(self, invocations: _Optional[_Iterable[_Union[_invocation_pb2.Invocation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., searched_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class InvocationServiceGetRequest(_message.Message):
    __slots__ = ("invocation_id", "whole")
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    whole: bool
    def __init__(self, invocation_id: _Optional[str] = ..., whole: bool = ...) -> None: ...

class InvocationServiceGetResponse(_message.Message):
    __slots__ = ("invocation", "trace_url")
    INVOCATION_FIELD_NUMBER: _ClassVar[int]
    TRACE_URL_FIELD_NUMBER: _ClassVar[int]
    invocation: _invocation_pb2.Invocation
    trace_url: str
    def __init__(self, invocation: _Optional[_Union[_invocation_pb2.Invocation, _Mapping]] = ..., trace_url: _Optional[str] = ...) -> None: ...

class RetryRequest(_message.Message):
    __slots__ = ("invocation_id",)
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    def __init__(self, invocation_id: _Optional[str] = ...) -> None: ...

class RetryResponse(_message.Message):
    __slots__ = ("invocation",)
    INVOCATION_FIELD_NUMBER: _ClassVar[int]
    invocation: _invocation_pb2.Invocation
    def __init__(self, invocation: _Optional[_Union[_invocation_pb2.Invocation, _Mapping]] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("invocation_id",)
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    def __init__(self, invocation_id: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("invocation",)
    INVOCATION_FIELD_NUMBER: _ClassVar[int]
    invocation: _invocation_pb2.Invocation
    def __init__(self, invocation: _Optional[_Union[_invocation_pb2.Invocation, _Mapping]] = ...) -> None: ...

class RetryManyRequest(_message.Message):
    __slots__ = ("selection",)
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    selection: _job_service_pb2.InvocationSelection
    def __init__(self, selection: _Optional[_Union[_job_service_pb2.InvocationSelection, _Mapping]] = ...) -> None: ...

class RetryManyResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _job_service_pb2.InvocationChanges
    def __init__(self, changes: _Optional[_Union[_job_service_pb2.InvocationChanges, _Mapping]] = ...) -> None: ...

class CancelManyRequest(_message.Message):
    __slots__ = ("selection",)
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    selection: _job_service_pb2.InvocationSelection
    def __init__(self, selection: _Optional[_Union[_job_service_pb2.InvocationSelection, _Mapping]] = ...) -> None: ...

class CancelManyResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _job_service_pb2.InvocationChanges
    def __init__(self, changes: _Optional[_Union[_job_service_pb2.InvocationChanges, _Mapping]] = ...) -> None: ...

class ResendRequest(_message.Message):
    __slots__ = ("invocation_id", "body", "json", "parameters", "reason", "request_id")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    body: bytes
    json: _struct_pb2.Value
    parameters: _containers.MessageMap[str, _struct_pb2.Value]
    reason: str
    request_id: str
    def __init__(self, invocation_id: _Optional[str] = ..., body: _Optional[bytes] = ..., json: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class ResendResponse(_message.Message):
    __slots__ = ("invocation",)
    INVOCATION_FIELD_NUMBER: _ClassVar[int]
    invocation: _invocation_pb2.Invocation
    def __init__(self, invocation: _Optional[_Union[_invocation_pb2.Invocation, _Mapping]] = ...) -> None: ...
