from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WebhookServiceNotifyObjectStorageRequest(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: _httpbody_pb2.HttpBody
    def __init__(self, notification: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class WebhookServiceNotifyObjectStorageResponse(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: NotificationOutcome
    def __init__(self, outcome: _Optional[_Union[NotificationOutcome, _Mapping]] = ...) -> None: ...

class WebhookServiceNotifyContainerRegistryRequest(_message.Message):
    __slots__ = ("registry_id", "notification")
    REGISTRY_ID_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    registry_id: str
    notification: _httpbody_pb2.HttpBody
    def __init__(self, registry_id: _Optional[str] = ..., notification: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class WebhookServiceNotifyContainerRegistryResponse(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: NotificationOutcome
    def __init__(self, outcome: _Optional[_Union[NotificationOutcome, _Mapping]] = ...) -> None: ...

class NotificationOutcome(_message.Message):
    __slots__ = ("events", "ignored", "accepted", "repeated", "lost", "filtered", "refused")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    events: int
    ignored: int
    accepted: int
    repeated: int
    lost: int
    filtered: int
    refused: int
    def __init__(self, events: _Optional[int] = ..., ignored: _Optional[int] = ..., accepted: _Optional[int] = ..., repeated: _Optional[int] = ..., lost: _Optional[int] = ..., filtered: _Optional[int] = ..., refused: _Optional[int] = ...) -> None: ...
