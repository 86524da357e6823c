from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenIdServiceGetConfigurationRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OpenIdServiceGetConfigurationResponse(_message.Message):
    __slots__ = ("configuration",)
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    configuration: _httpbody_pb2.HttpBody
    def __init__(self, configuration: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class OpenIdServiceGetKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OpenIdServiceGetKeysResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _httpbody_pb2.HttpBody
    def __init__(self, keys: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...
