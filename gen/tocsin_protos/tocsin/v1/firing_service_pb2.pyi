import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.tocsin.v1 import invocation_pb2 as _invocation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FireTriggerRequest(_message.Message):
    __slots__ = ("trigger_id", "payload", "body", "json", "request_id")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    payload: str
    body: bytes
    json: _struct_pb2.Value
    request_id: str
    def __init__(self, trigger_id: _Optional[str] = ..., payload: _Optional[str] = ..., body: _Optional[bytes] = ..., json: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class FireTriggerResponse(_message.Message):
    __slots__ = ("invocations",)
    INVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    invocations: _containers.RepeatedCompositeFieldContainer[_invocation_pb2.Invocation]
    def __init__(self, invocations: _Optional[_Iterable[_Union[_invocation_pb2.Invocation, _Mapping]]] = ...) -> None: ...

class NextFireTimesRequest(_message.Message):
    __slots__ = ("trigger_id", "cron_expression", "count", "after")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    cron_expression: str
    count: int
    after: _timestamp_pb2.Timestamp
    def __init__(self, trigger_id: _Optional[str] = ..., cron_expression: _Optional[str] = ..., count: _Optional[int] = ..., after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NextFireTimesResponse(_message.Message):
    __slots__ = ("fire_times", "paused")
    FIRE_TIMES_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    fire_times: _containers.RepeatedCompositeFieldContainer[_timestamp_pb2.Timestamp]
    paused: bool
    def __init__(self, fire_times: _Optional[_Iterable[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]]] = ..., paused: bool = ...) -> None: ...

class PreviewRequest(_message.Message):
    __slots__ = ("folder_id", "trigger_ids", "start", "end", "include_paused", "page_size", "page_token")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_IDS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PAUSED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    trigger_ids: _containers.RepeatedScalarFieldContainer[str]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    include_paused: bool
    page_size: int
    page_token: str
    def __init__(self, folder_id: _Optional[str] = ..., trigger_ids: _Optional[_Iterable[str]] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., include_paused: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class PreviewResponse(_message.Message):
    __slots__ = ("firings", "next_page_token", "truncated", "unreadable_trigger_ids")
    FIRINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    UNREADABLE_TRIGGER_IDS_FIELD_NUMBER: _ClassVar[int]
    firings: _containers.RepeatedCompositeFieldContainer[PreviewedFiring]
    next_page_token: str
    truncated: bool
    unreadable_trigger_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, firings: _Optional[_Iterable[_Union[PreviewedFiring, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., truncated: bool = ..., unreadable_trigger_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class PreviewedFiring(_message.Message):
    __slots__ = ("fire_time", "trigger_id", "trigger_name", "paused")
    FIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_NAME_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    fire_time: _timestamp_pb2.Timestamp
    trigger_id: str
    trigger_name: str
    paused: bool
    def __init__(self, fire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trigger_id: _Optional[str] = ..., trigger_name: _Optional[str] = ..., paused: bool = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("trigger_id", "instant")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTANT_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    instant: _timestamp_pb2.Timestamp
    def __init__(self, trigger_id: _Optional[str] = ..., instant: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("trigger_id", "tick", "reason", "explanation", "decided_at", "cron_expression", "previous_tick", "next_tick", "deliveries", "pause", "misfire", "rule_change", "trigger_created_at", "trigger_deleted_at", "name")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[ExplainResponse.Reason]
        REASON_FIRED: _ClassVar[ExplainResponse.Reason]
        REASON_FIRED_BY_HAND: _ClassVar[ExplainResponse.Reason]
        REASON_NOT_A_TICK: _ClassVar[ExplainResponse.Reason]
        REASON_PAUSED: _ClassVar[ExplainResponse.Reason]
        REASON_MISFIRE_SKIPPED: _ClassVar[ExplainResponse.Reason]
        REASON_MISFIRE_COALESCED: _ClassVar[ExplainResponse.Reason]
        REASON_MISFIRE_EXPIRED: _ClassVar[ExplainResponse.Reason]
        REASON_MISFIRE_CAPPED: _ClassVar[ExplainResponse.Reason]
        REASON_NOT_YET: _ClassVar[ExplainResponse.Reason]
        REASON_DUE: _ClassVar[ExplainResponse.Reason]
        REASON_TRIGGER_DID_NOT_EXIST: _ClassVar[ExplainResponse.Reason]
        REASON_RULE_WAS_DIFFERENT: _ClassVar[ExplainResponse.Reason]
        REASON_WITHDRAWN: _ClassVar[ExplainResponse.Reason]
        REASON_UNREADABLE: _ClassVar[ExplainResponse.Reason]
        REASON_RECORD_EXPIRED: _ClassVar[ExplainResponse.Reason]
        REASON_NO_RECORD: _ClassVar[ExplainResponse.Reason]
        REASON_NO_EVENT: _ClassVar[ExplainResponse.Reason]
        REASON_OVERLAP_SKIPPED: _ClassVar[ExplainResponse.Reason]
        REASON_OVERLAP_QUEUED: _ClassVar[ExplainResponse.Reason]
        REASON_NOT_STARTED: _ClassVar[ExplainResponse.Reason]
        REASON_ENDED: _ClassVar[ExplainResponse.Reason]
        REASON_COULD_NOT_RUN: _ClassVar[ExplainResponse.Reason]
        REASON_NOT_PUBLISHED: _ClassVar[ExplainResponse.Reason]
    REASON_UNSPECIFIED: ExplainResponse.Reason
    REASON_FIRED: ExplainResponse.Reason
    REASON_FIRED_BY_HAND: ExplainResponse.Reason
    REASON_NOT_A_TICK: ExplainResponse.Reason
    REASON_PAUSED: ExplainResponse.Reason
    REASON_MISFIRE_SKIPPED: ExplainResponse.Reason
    REASON_MISFIRE_COALESCED: ExplainResponse.Reason
    REASON_MISFIRE_EXPIRED: ExplainResponse.Reason
    REASON_MISFIRE_CAPPED: ExplainResponse.Reason
    REASON_NOT_YET: ExplainResponse.Reason
    REASON_DUE: ExplainResponse.Reason
    REASON_TRIGGER_DID_NOT_EXIST: ExplainResponse.Reason
    REASON_RULE_WAS_DIFFERENT: ExplainResponse.Reason
    REASON_WITHDRAWN: ExplainResponse.Reason
    REASON_UNREADABLE: ExplainResponse.Reason
    REASON_RECORD_EXPIRED: ExplainResponse.Reason
    REASON_NO_RECORD: ExplainResponse.Reason
    REASON_NO_EVENT: ExplainResponse.Reason
    REASON_OVERLAP_SKIPPED: ExplainResponse.Reason
    REASON_OVERLAP_QUEUED: ExplainResponse.Reason
    REASON_NOT_STARTED: ExplainResponse.Reason
    REASON_ENDED: ExplainResponse.Reason
    REASON_COULD_NOT_RUN: ExplainResponse.Reason
    REASON_NOT_PUBLISHED: ExplainResponse.Reason
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_TICK_FIELD_NUMBER: _ClassVar[int]
    NEXT_TICK_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    MISFIRE_FIELD_NUMBER: _ClassVar[int]
    RULE_CHANGE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    tick: _timestamp_pb2.Timestamp
    reason: ExplainResponse.Reason
    explanation: str
    decided_at: _timestamp_pb2.Timestamp
    cron_expression: str
    previous_tick: _timestamp_pb2.Timestamp
    next_tick: _timestamp_pb2.Timestamp
    deliveries: _containers.RepeatedCompositeFieldContainer[Delivery]
    pause: Pause
    misfire: Misfire
    rule_change: RuleChange
    trigger_created_at: _timestamp_pb2.Timestamp
    trigger_deleted_at: _timestamp_pb2.Timestamp
    name: str
    def __init__(self, trigger_id: _Optional[str] = ..., tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[ExplainResponse.Reason, str]] = ..., explanation: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cron_expression: _Optional[str] = ..., previous_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deliveries: _Optional[_Iterable[_Union[Delivery, _Mapping]]] = ..., pause: _Optional[_Union[Pause, _Mapping]] = ..., misfire: _Optional[_Union[Misfire, _Mapping]] = ..., rule_change: _Optional[_Union[RuleChange, _Mapping]] = ..., trigger_created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trigger_deleted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("invocation", "reason", "explanation")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[Delivery.Reason]
        REASON_WAITING: _ClassVar[Delivery.Reason]
        REASON_DUE: _ClassVar[Delivery.Reason]
        REASON_TARGET_BUSY: _ClassVar[Delivery.Reason]
        REASON_DELIVERING: _ClassVar[Delivery.Reason]
        REASON_RETRYING: _ClassVar[Delivery.Reason]
        REASON_DEAD_LETTERING: _ClassVar[Delivery.Reason]
        REASON_SUCCEEDED: _ClassVar[Delivery.Reason]
        REASON_FAILED: _ClassVar[Delivery.Reason]
        REASON_DEAD_LETTERED: _ClassVar[Delivery.Reason]
        REASON_CANCELLED: _ClassVar[Delivery.Reason]
        REASON_TRIGGER_PAUSED: _ClassVar[Delivery.Reason]
        REASON_TRIGGER_DELETED: _ClassVar[Delivery.Reason]
    REASON_UNSPECIFIED: Delivery.Reason
    REASON_WAITING: Delivery.Reason
    REASON_DUE: Delivery.Reason
    REASON_TARGET_BUSY: Delivery.Reason
    REASON_DELIVERING: Delivery.Reason
    REASON_RETRYING: Delivery.Reason
    REASON_DEAD_LETTERING: Delivery.Reason
    REASON_SUCCEEDED: Delivery.Reason
    REASON_FAILED: Delivery.Reason
    REASON_DEAD_LETTERED: Delivery.Reason
    REASON_CANCELLED: Delivery.Reason
    REASON_TRIGGER_PAUSED: Delivery.Reason
    REASON_TRIGGER_DELETED: Delivery.Reason
    INVOCATION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    invocation: _invocation_pb2.Invocation
    reason: Delivery.Reason
    explanation: str
    def __init__(self, invocation: _Optional[_Union[_invocation_pb2.Invocation, _Mapping]] = ..., reason: _Optional[_Union[Delivery.Reason, str]] = ..., explanation: _Optional[str] = ...) -> None: ...

class Pause(_message.Message):
    __slots__ = ("paused_at", "resumed_at")
    PAUSED_AT_FIELD_NUMBER: _ClassVar[int]
    RESUMED_AT_FIELD_NUMBER: _ClassVar[int]
    paused_at: _timestamp_pb2.Timestamp
    resumed_at: _timestamp_pb2.Timestamp
    def __init__(self, paused_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resumed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Misfire(_message.Message):
    __slots__ = ("policy", "first_tick", "last_tick", "missed", "fired", "expired", "dropped", "fired_tick")
    class Policy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        POLICY_UNSPECIFIED: _ClassVar[Misfire.Policy]
        POLICY_FIRE_ONCE: _ClassVar[Misfire.Policy]
        POLICY_SKIP: _ClassVar[Misfire.Policy]
        POLICY_FIRE_ALL: _ClassVar[Misfire.Policy]
    POLICY_UNSPECIFIED: Misfire.Policy
    POLICY_FIRE_ONCE: Misfire.Policy
    POLICY_SKIP: Misfire.Policy
    POLICY_FIRE_ALL: Misfire.Policy
    POLICY_FIELD_NUMBER: _ClassVar[int]
    FIRST_TICK_FIELD_NUMBER: _ClassVar[int]
    LAST_TICK_FIELD_NUMBER: _ClassVar[int]
    MISSED_FIELD_NUMBER: _ClassVar[int]
    FIRED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    FIRED_TICK_FIELD_NUMBER: _ClassVar[int]
    policy: Misfire.Policy
    first_tick: _timestamp_pb2.Timestamp
    last_tick: _timestamp_pb2.Timestamp
    missed: int
    fired: int
    expired: int
    dropped: int
    fired_tick: _timestamp_pb2.Timestamp
    def __init__(self, policy: _Optional[_Union[Misfire.Policy, str]] = ..., first_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., missed: _Optional[int] = ..., fired: _Optional[int] = ..., expired: _Optional[int] = ..., dropped: _Optional[int] = ..., fired_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RuleChange(_message.Message):
    __slots__ = ("changed_at", "cron_expression_before", "cron_expression_after")
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_AFTER_FIELD_NUMBER: _ClassVar[int]
    changed_at: _timestamp_pb2.Timestamp
    cron_expression_before: str
    cron_expression_after: str
    def __init__(self, changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cron_expression_before: _Optional[str] = ..., cron_expression_after: _Optional[str] = ...) -> None: ...

class ListMissedRequest(_message.Message):
    __slots__ = ("folder_id", "start", "end", "limit")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    limit: int
    def __init__(self, folder_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class ListMissedResponse(_message.Message):
    __slots__ = ("missed", "truncated")
    MISSED_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    missed: _containers.RepeatedCompositeFieldContainer[MissedTicks]
    truncated: bool
    def __init__(self, missed: _Optional[_Iterable[_Union[MissedTicks, _Mapping]]] = ..., truncated: bool = ...) -> None: ...

class MissedTicks(_message.Message):
    __slots__ = ("trigger_id", "name", "folder_id", "reason", "explanation", "first_tick", "last_tick", "count", "decided_at", "misfire")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    FIRST_TICK_FIELD_NUMBER: _ClassVar[int]
    LAST_TICK_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    MISFIRE_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    name: str
    folder_id: str
    reason: ExplainResponse.Reason
    explanation: str
    first_tick: _timestamp_pb2.Timestamp
    last_tick: _timestamp_pb2.Timestamp
    count: int
    decided_at: _timestamp_pb2.Timestamp
    misfire: Misfire
    def __init__(self, trigger_id: _Optional[str] = ..., name: _Optional[str] = ..., folder_id: _Optional[str] = ..., reason: _Optional[_Union[ExplainResponse.Reason, str]] = ..., explanation: _Optional[str] = ..., first_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_tick: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., count: _Optional[int] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., misfire: _Optional[_Union[Misfire, _Mapping]] = ...) -> None: ...
