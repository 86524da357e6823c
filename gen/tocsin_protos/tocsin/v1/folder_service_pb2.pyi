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

class ListFoldersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "prefix")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    prefix: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class ListFoldersResponse(_message.Message):
    __slots__ = ("folders", "next_page_token")
    FOLDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    folders: _containers.RepeatedCompositeFieldContainer[Folder]
    next_page_token: str
    def __init__(self, folders: _Optional[_Iterable[_Union[Folder, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Folder(_message.Message):
    __slots__ = ("id", "triggers", "active_triggers", "paused_triggers")
    ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    triggers: TriggerCount
    active_triggers: TriggerCount
    paused_triggers: TriggerCount
    def __init__(self, id: _Optional[str] = ..., triggers: _Optional[_Union[TriggerCount, _Mapping]] = ..., active_triggers: _Optional[_Union[TriggerCount, _Mapping]] = ..., paused_triggers: _Optional[_Union[TriggerCount, _Mapping]] = ...) -> None: ...

class TriggerCount(_message.Message):
    __slots__ = ("count", "at_least")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    count: int
    at_least: bool
    def __init__(self, count: _Optional[int] = ..., at_least: bool = ...) -> None: ...

class TriggerFilter(_message.Message):
    __slots__ = ("text", "kinds", "state", "last_states")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LAST_STATES_FIELD_NUMBER: _ClassVar[int]
    text: str
    kinds: _containers.RepeatedScalarFieldContainer[str]
    state: TriggerRow.State
    last_states: _containers.RepeatedScalarFieldContainer[_invocation_pb2.Invocation.State]
    def __init__(self, text: _Optional[str] = ..., kinds: _Optional[_Iterable[str]] = ..., state: _Optional[_Union[TriggerRow.State, str]] = ..., last_states: _Optional[_Iterable[_Union[_invocation_pb2.Invocation.State, str]]] = ...) -> None: ...

class ListTriggersRequest(_message.Message):
    __slots__ = ("folder_id", "filter", "order_by", "page_size", "page_token")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    filter: TriggerFilter
    order_by: str
    page_size: int
    page_token: str
    def __init__(self, folder_id: _Optional[str] = ..., filter: _Optional[_Union[TriggerFilter, _Mapping]] = ..., order_by: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTriggersResponse(_message.Message):
    __slots__ = ("triggers", "next_page_token")
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    triggers: _containers.RepeatedCompositeFieldContainer[TriggerRow]
    next_page_token: str
    def __init__(self, triggers: _Optional[_Iterable[_Union[TriggerRow, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TriggerRow(_message.Message):
    __slots__ = ("id", "name", "kind", "state", "description", "labels", "created_at", "cron_expression", "targets", "next_fire", "time_zone", "waiting_events", "last", "problem")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[TriggerRow.State]
        STATE_ACTIVE: _ClassVar[TriggerRow.State]
        STATE_PAUSED: _ClassVar[TriggerRow.State]
    STATE_UNSPECIFIED: TriggerRow.State
    STATE_ACTIVE: TriggerRow.State
    STATE_PAUSED: TriggerRow.State
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIRE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    WAITING_EVENTS_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    kind: str
    state: TriggerRow.State
    description: str
    labels: _containers.ScalarMap[str, str]
    created_at: _timestamp_pb2.Timestamp
    cron_expression: str
    targets: _containers.RepeatedScalarFieldContainer[str]
    next_fire: _timestamp_pb2.Timestamp
    time_zone: str
    waiting_events: int
    last: LastInvocation
    problem: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., kind: _Optional[str] = ..., state: _Optional[_Union[TriggerRow.State, str]] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cron_expression: _Optional[str] = ..., targets: _Optional[_Iterable[str]] = ..., next_fire: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., time_zone: _Optional[str] = ..., waiting_events: _Optional[int] = ..., last: _Optional[_Union[LastInvocation, _Mapping]] = ..., problem: _Optional[str] = ...) -> None: ...

class LastInvocation(_message.Message):
    __slots__ = ("id", "state", "scheduled_at", "started_at", "finished_at", "attempt_count", "last_error")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: _invocation_pb2.Invocation.State
    scheduled_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    attempt_count: int
    last_error: str
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[_invocation_pb2.Invocation.State, str]] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempt_count: _Optional[int] = ..., last_error: _Optional[str] = ...) -> None: ...

class TriggerSelection(_message.Message):
    __slots__ = ("trigger_ids", "filter", "validate_only", "expected_count", "limit", "page_token")
    TRIGGER_IDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    trigger_ids: _containers.RepeatedScalarFieldContainer[str]
    filter: TriggerFilter
    validate_only: bool
    expected_count: int
    limit: int
    page_token: str
    def __init__(self, trigger_ids: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[TriggerFilter, _Mapping]] = ..., validate_only: bool = ..., expected_count: _Optional[int] = ..., limit: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class TriggerChanges(_message.Message):
    __slots__ = ("selected", "changed", "operation_ids", "failures", "next_page_token")
    SELECTED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    OPERATION_IDS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    selected: TriggerCount
    changed: int
    operation_ids: _containers.RepeatedScalarFieldContainer[str]
    failures: _containers.RepeatedCompositeFieldContainer[TriggerFailure]
    next_page_token: str
    def __init__(self, selected: _Optional[_Union[TriggerCount, _Mapping]] = ..., changed: _Optional[int] = ..., operation_ids: _Optional[_Iterable[str]] = ..., failures: _Optional[_Iterable[_Union[TriggerFailure, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TriggerFailure(_message.Message):
    __slots__ = ("trigger_id", "error")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    error: _status_pb2.Status
    def __init__(self, trigger_id: _Optional[str] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class PauseTriggersRequest(_message.Message):
    __slots__ = ("folder_id", "selection")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    selection: TriggerSelection
    def __init__(self, folder_id: _Optional[str] = ..., selection: _Optional[_Union[TriggerSelection, _Mapping]] = ...) -> None: ...

class PauseTriggersResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: TriggerChanges
    def __init__(self, changes: _Optional[_Union[TriggerChanges, _Mapping]] = ...) -> None: ...

class ResumeTriggersRequest(_message.Message):
    __slots__ = ("folder_id", "selection")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    selection: TriggerSelection
    def __init__(self, folder_id: _Optional[str] = ..., selection: _Optional[_Union[TriggerSelection, _Mapping]] = ...) -> None: ...

class ResumeTriggersResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: TriggerChanges
    def __init__(self, changes: _Optional[_Union[TriggerChanges, _Mapping]] = ...) -> None: ...

class DeleteTriggersRequest(_message.Message):
    __slots__ = ("folder_id", "selection")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    selection: TriggerSelection
    def __init__(self, folder_id: _Optional[str] = ..., selection: _Optional[_Union[TriggerSelection, _Mapping]] = ...) -> None: ...

class DeleteTriggersResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: TriggerChanges
    def __init__(self, changes: _Optional[_Union[TriggerChanges, _Mapping]] = ...) -> None: ...
