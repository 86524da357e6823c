import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Invocation(_message.Message):
    __slots__ = ("id", "trigger_id", "integration", "parent", "target", "state", "cause", "scheduled_at", "created_at", "started_at", "finished_at", "due_at", "lateness", "node", "lease_until", "attempt_count", "retries_left", "last_error", "dead_letter_queue", "attempts", "payload", "answer", "execution_id", "parked", "cancel_reason", "left_out", "schedule", "origin_name", "duration", "resent_from", "trace_id", "headers")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Invocation.State]
        STATE_PENDING: _ClassVar[Invocation.State]
        STATE_RUNNING: _ClassVar[Invocation.State]
        STATE_RETRYING: _ClassVar[Invocation.State]
        STATE_DEAD_LETTERING: _ClassVar[Invocation.State]
        STATE_SUCCEEDED: _ClassVar[Invocation.State]
        STATE_FAILED: _ClassVar[Invocation.State]
        STATE_DEAD_LETTERED: _ClassVar[Invocation.State]
        STATE_CANCELLED: _ClassVar[Invocation.State]
    STATE_UNSPECIFIED: Invocation.State
    STATE_PENDING: Invocation.State
    STATE_RUNNING: Invocation.State
    STATE_RETRYING: Invocation.State
    STATE_DEAD_LETTERING: Invocation.State
    STATE_SUCCEEDED: Invocation.State
    STATE_FAILED: Invocation.State
    STATE_DEAD_LETTERED: Invocation.State
    STATE_CANCELLED: Invocation.State
    class Cause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CAUSE_UNSPECIFIED: _ClassVar[Invocation.Cause]
        CAUSE_TICK: _ClassVar[Invocation.Cause]
        CAUSE_SCHEDULED: _ClassVar[Invocation.Cause]
        CAUSE_FIRED_BY_HAND: _ClassVar[Invocation.Cause]
        CAUSE_EVENTS: _ClassVar[Invocation.Cause]
        CAUSE_SCHEDULE: _ClassVar[Invocation.Cause]
        CAUSE_NOTICE: _ClassVar[Invocation.Cause]
    CAUSE_UNSPECIFIED: Invocation.Cause
    CAUSE_TICK: Invocation.Cause
    CAUSE_SCHEDULED: Invocation.Cause
    CAUSE_FIRED_BY_HAND: Invocation.Cause
    CAUSE_EVENTS: Invocation.Cause
    CAUSE_SCHEDULE: Invocation.Cause
    CAUSE_NOTICE: Invocation.Cause
    class CancelReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CANCEL_REASON_UNSPECIFIED: _ClassVar[Invocation.CancelReason]
        CANCEL_REASON_REQUESTED: _ClassVar[Invocation.CancelReason]
        CANCEL_REASON_TRIGGER_DELETED: _ClassVar[Invocation.CancelReason]
    CANCEL_REASON_UNSPECIFIED: Invocation.CancelReason
    CANCEL_REASON_REQUESTED: Invocation.CancelReason
    CANCEL_REASON_TRIGGER_DELETED: Invocation.CancelReason
    ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    LATENESS_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    LEASE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    RETRIES_LEFT_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_QUEUE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    PARKED_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_NAME_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    RESENT_FROM_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    trigger_id: str
    integration: str
    parent: str
    target: str
    state: Invocation.State
    cause: Invocation.Cause
    scheduled_at: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    lateness: _duration_pb2.Duration
    node: str
    lease_until: _timestamp_pb2.Timestamp
    attempt_count: int
    retries_left: int
    last_error: str
    dead_letter_queue: str
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    payload: bytes
    answer: bytes
    execution_id: str
    parked: bool
    cancel_reason: Invocation.CancelReason
    left_out: _containers.RepeatedScalarFieldContainer[str]
    schedule: str
    origin_name: str
    duration: _duration_pb2.Duration
    resent_from: str
    trace_id: str
    headers: _containers.RepeatedCompositeFieldContainer[Header]
    def __init__(self, id: _Optional[str] = ..., trigger_id: _Optional[str] = ..., integration: _Optional[str] = ..., parent: _Optional[str] = ..., target: _Optional[str] = ..., state: _Optional[_Union[Invocation.State, str]] = ..., cause: _Optional[_Union[Invocation.Cause, str]] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lateness: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., node: _Optional[str] = ..., lease_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempt_count: _Optional[int] = ..., retries_left: _Optional[int] = ..., last_error: _Optional[str] = ..., dead_letter_queue: _Optional[str] = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., payload: _Optional[bytes] = ..., answer: _Optional[bytes] = ..., execution_id: _Optional[str] = ..., parked: bool = ..., cancel_reason: _Optional[_Union[Invocation.CancelReason, str]] = ..., left_out: _Optional[_Iterable[str]] = ..., schedule: _Optional[str] = ..., origin_name: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., resent_from: _Optional[str] = ..., trace_id: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class InvocationFilter(_message.Message):
    __slots__ = ("trigger_id", "integration", "states", "scheduled_from", "scheduled_before", "folder_id", "integration_id", "error_text")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_FROM_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_TEXT_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    integration: str
    states: _containers.RepeatedScalarFieldContainer[Invocation.State]
    scheduled_from: _timestamp_pb2.Timestamp
    scheduled_before: _timestamp_pb2.Timestamp
    folder_id: str
    integration_id: str
    error_text: str
    def __init__(self, trigger_id: _Optional[str] = ..., integration: _Optional[str] = ..., states: _Optional[_Iterable[_Union[Invocation.State, str]]] = ..., scheduled_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., folder_id: _Optional[str] = ..., integration_id: _Optional[str] = ..., error_text: _Optional[str] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("kind", "number", "started_at", "finished_at", "http_status", "error")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Attempt.Kind]
        KIND_CALL: _ClassVar[Attempt.Kind]
        KIND_DEAD_LETTER: _ClassVar[Attempt.Kind]
    KIND_UNSPECIFIED: Attempt.Kind
    KIND_CALL: Attempt.Kind
    KIND_DEAD_LETTER: Attempt.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    kind: Attempt.Kind
    number: int
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    http_status: int
    error: str
    def __init__(self, kind: _Optional[_Union[Attempt.Kind, str]] = ..., number: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., http_status: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...
