import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OverviewServiceGetRequest(_message.Message):
    __slots__ = ("folder_id",)
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    def __init__(self, folder_id: _Optional[str] = ...) -> None: ...

class OverviewServiceGetResponse(_message.Message):
    __slots__ = ("read_at", "forecast", "activity", "failures", "overdue", "silent_sources", "nodes")
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    FORECAST_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    SILENT_SOURCES_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    read_at: _timestamp_pb2.Timestamp
    forecast: Forecast
    activity: Activity
    failures: Failures
    overdue: Overdue
    silent_sources: SilentSources
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    def __init__(self, read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., forecast: _Optional[_Union[Forecast, _Mapping]] = ..., activity: _Optional[_Union[Activity, _Mapping]] = ..., failures: _Optional[_Union[Failures, _Mapping]] = ..., overdue: _Optional[_Union[Overdue, _Mapping]] = ..., silent_sources: _Optional[_Union[SilentSources, _Mapping]] = ..., nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ...) -> None: ...

class Forecast(_message.Message):
    __slots__ = ("read_at", "start", "minutes", "at_least", "timers", "schedules")
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    MINUTES_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    TIMERS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULES_FIELD_NUMBER: _ClassVar[int]
    read_at: _timestamp_pb2.Timestamp
    start: _timestamp_pb2.Timestamp
    minutes: _containers.RepeatedScalarFieldContainer[int]
    at_least: bool
    timers: int
    schedules: int
    def __init__(self, read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., minutes: _Optional[_Iterable[int]] = ..., at_least: bool = ..., timers: _Optional[int] = ..., schedules: _Optional[int] = ...) -> None: ...

class Activity(_message.Message):
    __slots__ = ("minutes",)
    MINUTES_FIELD_NUMBER: _ClassVar[int]
    minutes: _containers.RepeatedCompositeFieldContainer[ActivityMinute]
    def __init__(self, minutes: _Optional[_Iterable[_Union[ActivityMinute, _Mapping]]] = ...) -> None: ...

class ActivityMinute(_message.Message):
    __slots__ = ("start", "succeeded", "failed", "dead_lettered", "cancelled", "at_least", "median_lag", "high_lag")
    START_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_LAG_FIELD_NUMBER: _ClassVar[int]
    HIGH_LAG_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    succeeded: int
    failed: int
    dead_lettered: int
    cancelled: int
    at_least: bool
    median_lag: _duration_pb2.Duration
    high_lag: _duration_pb2.Duration
    def __init__(self, start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., succeeded: _Optional[int] = ..., failed: _Optional[int] = ..., dead_lettered: _Optional[int] = ..., cancelled: _Optional[int] = ..., at_least: bool = ..., median_lag: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., high_lag: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Failures(_message.Message):
    __slots__ = ("origins", "at_least")
    ORIGINS_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    origins: _containers.RepeatedCompositeFieldContainer[FailingOrigin]
    at_least: bool
    def __init__(self, origins: _Optional[_Iterable[_Union[FailingOrigin, _Mapping]]] = ..., at_least: bool = ...) -> None: ...

class FailingOrigin(_message.Message):
    __slots__ = ("trigger_id", "name", "folder_id", "integration", "failures", "last_invocation_id", "last_scheduled_at", "last_error")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    LAST_INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    name: str
    folder_id: str
    integration: str
    failures: int
    last_invocation_id: str
    last_scheduled_at: _timestamp_pb2.Timestamp
    last_error: str
    def __init__(self, trigger_id: _Optional[str] = ..., name: _Optional[str] = ..., folder_id: _Optional[str] = ..., integration: _Optional[str] = ..., failures: _Optional[int] = ..., last_invocation_id: _Optional[str] = ..., last_scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_error: _Optional[str] = ...) -> None: ...

class Overdue(_message.Message):
    __slots__ = ("invocations", "ticks", "batches", "at_least", "oldest_due")
    INVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    TICKS_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    OLDEST_DUE_FIELD_NUMBER: _ClassVar[int]
    invocations: int
    ticks: int
    batches: int
    at_least: bool
    oldest_due: _timestamp_pb2.Timestamp
    def __init__(self, invocations: _Optional[int] = ..., ticks: _Optional[int] = ..., batches: _Optional[int] = ..., at_least: bool = ..., oldest_due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SilentSources(_message.Message):
    __slots__ = ("sources", "more")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[SilentSource]
    more: bool
    def __init__(self, sources: _Optional[_Iterable[_Union[SilentSource, _Mapping]]] = ..., more: bool = ...) -> None: ...

class SilentSource(_message.Message):
    __slots__ = ("trigger_id", "name", "folder_id", "kind", "last_error", "last_error_time", "last_event")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_EVENT_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    name: str
    folder_id: str
    kind: str
    last_error: str
    last_error_time: _timestamp_pb2.Timestamp
    last_event: _timestamp_pb2.Timestamp
    def __init__(self, trigger_id: _Optional[str] = ..., name: _Optional[str] = ..., folder_id: _Optional[str] = ..., kind: _Optional[str] = ..., last_error: _Optional[str] = ..., last_error_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_event: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("name", "host", "version", "since", "seen_at", "lost", "claims", "share", "under_way", "clock_behind")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    CLOCK_BEHIND_FIELD_NUMBER: _ClassVar[int]
    name: str
    host: str
    version: str
    since: _timestamp_pb2.Timestamp
    seen_at: _timestamp_pb2.Timestamp
    lost: bool
    claims: int
    share: float
    under_way: int
    clock_behind: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., host: _Optional[str] = ..., version: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lost: bool = ..., claims: _Optional[int] = ..., share: _Optional[float] = ..., under_way: _Optional[int] = ..., clock_behind: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
