import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.tocsin.v1 import invocation_pb2 as _invocation_pb2
from tocsin_protos.tocsin.v1 import job_service_pb2 as _job_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeadLetterServiceListRequest(_message.Message):
    __slots__ = ("trigger_id", "page_size", "page_token", "folder_id", "cause_id")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_ID_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    page_size: int
    page_token: str
    folder_id: str
    cause_id: str
    def __init__(self, trigger_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., folder_id: _Optional[str] = ..., cause_id: _Optional[str] = ...) -> None: ...

class DeadLetterServiceListResponse(_message.Message):
    __slots__ = ("dead_letters", "next_page_token", "searched_until")
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEARCHED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    dead_letters: _containers.RepeatedCompositeFieldContainer[_invocation_pb2.Invocation]
    next_page_token: str
    searched_until: _timestamp_pb2.Timestamp
    def __init__(self, dead_letters: _Optional[_Iterable[_Union[_invocation_pb2.Invocation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., searched_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RedriveRequest(_message.Message):
    __slots__ = ("invocation_id", "trigger_id", "limit")
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    trigger_id: str
    limit: int
    def __init__(self, invocation_id: _Optional[str] = ..., trigger_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class RedriveResponse(_message.Message):
    __slots__ = ("invocation_ids", "left")
    INVOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    invocation_ids: _containers.RepeatedScalarFieldContainer[str]
    left: int
    def __init__(self, invocation_ids: _Optional[_Iterable[str]] = ..., left: _Optional[int] = ...) -> None: ...

class ListCausesRequest(_message.Message):
    __slots__ = ("trigger_id", "folder_id")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    folder_id: str
    def __init__(self, trigger_id: _Optional[str] = ..., folder_id: _Optional[str] = ...) -> None: ...

class ListCausesResponse(_message.Message):
    __slots__ = ("causes", "searched_until")
    CAUSES_FIELD_NUMBER: _ClassVar[int]
    SEARCHED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    causes: _containers.RepeatedCompositeFieldContainer[DeadLetterCause]
    searched_until: _timestamp_pb2.Timestamp
    def __init__(self, causes: _Optional[_Iterable[_Union[DeadLetterCause, _Mapping]]] = ..., searched_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeadLetterCause(_message.Message):
    __slots__ = ("cause_id", "target", "error", "letters", "oldest_at", "newest_at", "example_invocation_id", "example_error", "triggers")
    CAUSE_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    LETTERS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_AT_FIELD_NUMBER: _ClassVar[int]
    NEWEST_AT_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_ERROR_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    cause_id: str
    target: str
    error: str
    letters: _job_service_pb2.InvocationCount
    oldest_at: _timestamp_pb2.Timestamp
    newest_at: _timestamp_pb2.Timestamp
    example_invocation_id: str
    example_error: str
    triggers: _containers.RepeatedCompositeFieldContainer[CauseTrigger]
    def __init__(self, cause_id: _Optional[str] = ..., target: _Optional[str] = ..., error: _Optional[str] = ..., letters: _Optional[_Union[_job_service_pb2.InvocationCount, _Mapping]] = ..., oldest_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., newest_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., example_invocation_id: _Optional[str] = ..., example_error: _Optional[str] = ..., triggers: _Optional[_Iterable[_Union[CauseTrigger, _Mapping]]] = ...) -> None: ...

class CauseTrigger(_message.Message):
    __slots__ = ("trigger_id", "name")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    name: str
    def __init__(self, trigger_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class RedriveManyRequest(_message.Message):
    __slots__ = ("selection", "cause_id")
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_ID_FIELD_NUMBER: _ClassVar[int]
    selection: _job_service_pb2.InvocationSelection
    cause_id: str
    def __init__(self, selection: _Optional[_Union[_job_service_pb2.InvocationSelection, _Mapping]] = ..., cause_id: _Optional[str] = ...) -> None: ...

class RedriveManyResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _job_service_pb2.InvocationChanges
    def __init__(self, changes: _Optional[_Union[_job_service_pb2.InvocationChanges, _Mapping]] = ...) -> None: ...
