from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.yandex.cloud.api import operation_pb2 as _operation_pb2
from tocsin_protos.yandex.cloud.operation import operation_pb2 as _operation_pb2_1
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as _trigger_service_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreatePausedRequest(_message.Message):
    __slots__ = ("trigger",)
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    trigger: _trigger_service_pb2.CreateTriggerRequest
    def __init__(self, trigger: _Optional[_Union[_trigger_service_pb2.CreateTriggerRequest, _Mapping]] = ...) -> None: ...
