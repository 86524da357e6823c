import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.tocsin.v1 import event_service_pb2 as _event_service_pb2
from tocsin_protos.tocsin.v1 import invocation_pb2 as _invocation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchRequest(_message.Message):
    __slots__ = ("topics", "folder_id", "trigger_id", "integration", "cursor")
    class Topic(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TOPIC_UNSPECIFIED: _ClassVar[WatchRequest.Topic]
        TOPIC_INVOCATIONS: _ClassVar[WatchRequest.Topic]
        TOPIC_TRIGGERS: _ClassVar[WatchRequest.Topic]
        TOPIC_INTAKES: _ClassVar[WatchRequest.Topic]
        TOPIC_COUNTS: _ClassVar[WatchRequest.Topic]
    TOPIC_UNSPECIFIED: WatchRequest.Topic
    TOPIC_INVOCATIONS: WatchRequest.Topic
    TOPIC_TRIGGERS: WatchRequest.Topic
    TOPIC_INTAKES: WatchRequest.Topic
    TOPIC_COUNTS: WatchRequest.Topic
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    topics: _containers.RepeatedScalarFieldContainer[WatchRequest.Topic]
    folder_id: str
    trigger_id: str
    integration: str
    cursor: str
    def __init__(self, topics: _Optional[_Iterable[_Union[WatchRequest.Topic, str]]] = ..., folder_id: _Optional[str] = ..., trigger_id: _Optional[str] = ..., integration: _Optional[str] = ..., cursor: _Optional[str] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("invocations", "triggers", "intakes", "counts", "reset", "closing", "cursor", "sent_at")
    INVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    INTAKES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_FIELD_NUMBER: _ClassVar[int]
    invocations: _containers.RepeatedCompositeFieldContainer[_invocation_pb2.Invocation]
    triggers: _containers.RepeatedCompositeFieldContainer[WatchedTrigger]
    intakes: _containers.RepeatedCompositeFieldContainer[_event_service_pb2.EventServiceGetIntakeResponse]
    counts: WatchedCounts
    reset: WatchReset
    closing: WatchClosing
    cursor: str
    sent_at: _timestamp_pb2.Timestamp
    def __init__(self, invocations: _Optional[_Iterable[_Union[_invocation_pb2.Invocation, _Mapping]]] = ..., triggers: _Optional[_Iterable[_Union[WatchedTrigger, _Mapping]]] = ..., intakes: _Optional[_Iterable[_Union[_event_service_pb2.EventServiceGetIntakeResponse, _Mapping]]] = ..., counts: _Optional[_Union[WatchedCounts, _Mapping]] = ..., reset: _Optional[_Union[WatchReset, _Mapping]] = ..., closing: _Optional[_Union[WatchClosing, _Mapping]] = ..., cursor: _Optional[str] = ..., sent_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchedTrigger(_message.Message):
    __slots__ = ("trigger_id", "folder_id", "name", "kind", "paused", "deleted", "next_fire_at")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIRE_AT_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    folder_id: str
    name: str
    kind: str
    paused: bool
    deleted: bool
    next_fire_at: _timestamp_pb2.Timestamp
    def __init__(self, trigger_id: _Optional[str] = ..., folder_id: _Optional[str] = ..., name: _Optional[str] = ..., kind: _Optional[str] = ..., paused: bool = ..., deleted: bool = ..., next_fire_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchedCounts(_message.Message):
    __slots__ = ("due", "waiting", "retrying", "dead_lettering", "under_way", "capped", "oldest_due_at", "succeeded", "failed", "dead_lettered", "cancelled")
    DUE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    RETRYING_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERING_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    CAPPED_FIELD_NUMBER: _ClassVar[int]
    OLDEST_DUE_AT_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    due: int
    waiting: int
    retrying: int
    dead_lettering: int
    under_way: int
    capped: bool
    oldest_due_at: _timestamp_pb2.Timestamp
    succeeded: int
    failed: int
    dead_lettered: int
    cancelled: int
    def __init__(self, due: _Optional[int] = ..., waiting: _Optional[int] = ..., retrying: _Optional[int] = ..., dead_lettering: _Optional[int] = ..., under_way: _Optional[int] = ..., capped: bool = ..., oldest_due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., succeeded: _Optional[int] = ..., failed: _Optional[int] = ..., dead_lettered: _Optional[int] = ..., cancelled: _Optional[int] = ...) -> None: ...

class WatchReset(_message.Message):
    __slots__ = ("reason",)
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[WatchReset.Reason]
        REASON_BEGUN: _ClassVar[WatchReset.Reason]
        REASON_CURSOR_TOO_OLD: _ClassVar[WatchReset.Reason]
        REASON_TOO_MANY_CHANGES: _ClassVar[WatchReset.Reason]
        REASON_OTHER_NODES: _ClassVar[WatchReset.Reason]
    REASON_UNSPECIFIED: WatchReset.Reason
    REASON_BEGUN: WatchReset.Reason
    REASON_CURSOR_TOO_OLD: WatchReset.Reason
    REASON_TOO_MANY_CHANGES: WatchReset.Reason
    REASON_OTHER_NODES: WatchReset.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: WatchReset.Reason
    def __init__(self, reason: _Optional[_Union[WatchReset.Reason, str]] = ...) -> None: ...

class WatchClosing(_message.Message):
    __slots__ = ("reason", "message")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[WatchClosing.Reason]
        REASON_SERVER_STOPS: _ClassVar[WatchClosing.Reason]
        REASON_TOO_SLOW: _ClassVar[WatchClosing.Reason]
        REASON_NOT_ALLOWED: _ClassVar[WatchClosing.Reason]
        REASON_FAULT: _ClassVar[WatchClosing.Reason]
    REASON_UNSPECIFIED: WatchClosing.Reason
    REASON_SERVER_STOPS: WatchClosing.Reason
    REASON_TOO_SLOW: WatchClosing.Reason
    REASON_NOT_ALLOWED: WatchClosing.Reason
    REASON_FAULT: WatchClosing.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: WatchClosing.Reason
    message: str
    def __init__(self, reason: _Optional[_Union[WatchClosing.Reason, str]] = ..., message: _Optional[str] = ...) -> None: ...
