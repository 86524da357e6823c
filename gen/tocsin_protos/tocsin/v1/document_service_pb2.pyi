from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2 as _trigger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ParseTriggersRequest(_message.Message):
    __slots__ = ("text", "folder_id")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    text: str
    folder_id: str
    def __init__(self, text: _Optional[str] = ..., folder_id: _Optional[str] = ...) -> None: ...

class ParseTriggersResponse(_message.Message):
    __slots__ = ("triggers", "violations")
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    triggers: _containers.RepeatedCompositeFieldContainer[ParsedTrigger]
    violations: _containers.RepeatedCompositeFieldContainer[TextViolation]
    def __init__(self, triggers: _Optional[_Iterable[_Union[ParsedTrigger, _Mapping]]] = ..., violations: _Optional[_Iterable[_Union[TextViolation, _Mapping]]] = ...) -> None: ...

class ParsedTrigger(_message.Message):
    __slots__ = ("trigger", "line")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    trigger: _trigger_pb2.Trigger
    line: int
    def __init__(self, trigger: _Optional[_Union[_trigger_pb2.Trigger, _Mapping]] = ..., line: _Optional[int] = ...) -> None: ...

class TextViolation(_message.Message):
    __slots__ = ("line", "column", "field", "description")
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    line: int
    column: int
    field: str
    description: str
    def __init__(self, line: _Optional[int] = ..., column: _Optional[int] = ..., field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class RenderTriggersRequest(_message.Message):
    __slots__ = ("triggers", "form", "address")
    class Form(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORM_UNSPECIFIED: _ClassVar[RenderTriggersRequest.Form]
        FORM_YAML: _ClassVar[RenderTriggersRequest.Form]
        FORM_JSON: _ClassVar[RenderTriggersRequest.Form]
        FORM_CURL: _ClassVar[RenderTriggersRequest.Form]
        FORM_TERRAFORM: _ClassVar[RenderTriggersRequest.Form]
    FORM_UNSPECIFIED: RenderTriggersRequest.Form
    FORM_YAML: RenderTriggersRequest.Form
    FORM_JSON: RenderTriggersRequest.Form
    FORM_CURL: RenderTriggersRequest.Form
    FORM_TERRAFORM: RenderTriggersRequest.Form
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    triggers: _containers.RepeatedCompositeFieldContainer[_trigger_pb2.Trigger]
    form: RenderTriggersRequest.Form
    address: str
    def __init__(self, triggers: _Optional[_Iterable[_Union[_trigger_pb2.Trigger, _Mapping]]] = ..., form: _Optional[_Union[RenderTriggersRequest.Form, str]] = ..., address: _Optional[str] = ...) -> None: ...

class RenderTriggersResponse(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...
