from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as _executions_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BatchScheduleRequest(_message.Message):
    __slots__ = ("parent", "requests")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    parent: str
    requests: _containers.RepeatedCompositeFieldContainer[_executions_pb2.ScheduleIntegrationsRequest]
    def __init__(self, parent: _Optional[str] = ..., requests: _Optional[_Iterable[_Union[_executions_pb2.ScheduleIntegrationsRequest, _Mapping]]] = ...) -> None: ...

class BatchScheduleResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchScheduleResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchScheduleResult, _Mapping]]] = ...) -> None: ...

class BatchScheduleResult(_message.Message):
    __slots__ = ("execution_info_ids", "error")
    EXECUTION_INFO_IDS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    execution_info_ids: _containers.RepeatedScalarFieldContainer[str]
    error: _status_pb2.Status
    def __init__(self, execution_info_ids: _Optional[_Iterable[str]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
