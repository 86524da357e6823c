import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from tocsin_protos.tocsin.v1 import invocation_pb2 as _invocation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Job(_message.Message):
    __slots__ = ("id", "kind", "state", "resource", "selected", "changed", "skipped", "reached", "created_at", "finished_at", "created_by")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Job.Kind]
        KIND_RETRY: _ClassVar[Job.Kind]
        KIND_CANCEL: _ClassVar[Job.Kind]
        KIND_REDRIVE: _ClassVar[Job.Kind]
    KIND_UNSPECIFIED: Job.Kind
    KIND_RETRY: Job.Kind
    KIND_CANCEL: Job.Kind
    KIND_REDRIVE: Job.Kind
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Job.State]
        STATE_RUNNING: _ClassVar[Job.State]
        STATE_DONE: _ClassVar[Job.State]
        STATE_CANCELLED: _ClassVar[Job.State]
    STATE_UNSPECIFIED: Job.State
    STATE_RUNNING: Job.State
    STATE_DONE: Job.State
    STATE_CANCELLED: Job.State
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    SELECTED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: Job.Kind
    state: Job.State
    resource: str
    selected: InvocationCount
    changed: int
    skipped: int
    reached: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    created_by: str
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[_Union[Job.Kind, str]] = ..., state: _Optional[_Union[Job.State, str]] = ..., resource: _Optional[str] = ..., selected: _Optional[_Union[InvocationCount, _Mapping]] = ..., changed: _Optional[int] = ..., skipped: _Optional[int] = ..., reached: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_by: _Optional[str] = ...) -> None: ...

class InvocationCount(_message.Message):
    __slots__ = ("count", "at_least")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    count: int
    at_least: bool
    def __init__(self, count: _Optional[int] = ..., at_least: bool = ...) -> None: ...

class InvocationSelection(_message.Message):
    __slots__ = ("invocation_ids", "filter", "validate_only", "expected_count")
    INVOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    invocation_ids: _containers.RepeatedScalarFieldContainer[str]
    filter: _invocation_pb2.InvocationFilter
    validate_only: bool
    expected_count: int
    def __init__(self, invocation_ids: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[_invocation_pb2.InvocationFilter, _Mapping]] = ..., validate_only: bool = ..., expected_count: _Optional[int] = ...) -> None: ...

class InvocationChanges(_message.Message):
    __slots__ = ("selected", "invocation_ids", "failures", "job")
    SELECTED_FIELD_NUMBER: _ClassVar[int]
    INVOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    selected: InvocationCount
    invocation_ids: _containers.RepeatedScalarFieldContainer[str]
    failures: _containers.RepeatedCompositeFieldContainer[InvocationFailure]
    job: Job
    def __init__(self, selected: _Optional[_Union[InvocationCount, _Mapping]] = ..., invocation_ids: _Optional[_Iterable[str]] = ..., failures: _Optional[_Iterable[_Union[InvocationFailure, _Mapping]]] = ..., job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class InvocationFailure(_message.Message):
    __slots__ = ("invocation_id", "error")
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    error: _status_pb2.Status
    def __init__(self, invocation_id: _Optional[str] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class JobServiceGetRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class JobServiceGetResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class JobServiceListRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "folder_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    folder_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., folder_id: _Optional[str] = ...) -> None: ...

class JobServiceListResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class JobServiceCancelRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class JobServiceCancelResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...
