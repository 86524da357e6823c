from google.rpc import status_pb2 as _status_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_entry_pb2 as _log_entry_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_resource_pb2 as _log_resource_pb2
from tocsin_protos.yandex.cloud import validation_pb2 as _validation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WriteRequest(_message.Message):
    __slots__ = ("destination", "resource", "entries", "defaults")
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    destination: _log_entry_pb2.Destination
    resource: _log_resource_pb2.LogEntryResource
    entries: _containers.RepeatedCompositeFieldContainer[_log_entry_pb2.IncomingLogEntry]
    defaults: _log_entry_pb2.LogEntryDefaults
    def __init__(self, destination: _Optional[_Union[_log_entry_pb2.Destination, _Mapping]] = ..., resource: _Optional[_Union[_log_resource_pb2.LogEntryResource, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[_log_entry_pb2.IncomingLogEntry, _Mapping]]] = ..., defaults: _Optional[_Union[_log_entry_pb2.LogEntryDefaults, _Mapping]] = ...) -> None: ...

class WriteResponse(_message.Message):
    __slots__ = ("errors",)
    class ErrorsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: _status_pb2.Status
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    errors: _containers.MessageMap[int, _status_pb2.Status]
    def __init__(self, errors: _Optional[_Mapping[int, _status_pb2.Status]] = ...) -> None: ...
