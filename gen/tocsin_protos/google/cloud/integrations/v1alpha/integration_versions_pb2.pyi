from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import integration_version_pb2 as _integration_version_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from tocsin_protos.yandex.cloud import validation_pb2 as _validation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FileFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILE_FORMAT_UNSPECIFIED: _ClassVar[FileFormat]
    JSON: _ClassVar[FileFormat]
    YAML: _ClassVar[FileFormat]
    WORKFLOW_TEXTPROTO: _ClassVar[FileFormat]
FILE_FORMAT_UNSPECIFIED: FileFormat
JSON: FileFormat
YAML: FileFormat
WORKFLOW_TEXTPROTO: FileFormat

class CreateIntegrationVersionRequest(_message.Message):
    __slots__ = ("parent", "integration_version", "new_integration", "create_sample_integrations")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    NEW_INTEGRATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_SAMPLE_INTEGRATIONS_FIELD_NUMBER: _ClassVar[int]
    parent: str
    integration_version: _integration_version_pb2.IntegrationVersion
    new_integration: bool
    create_sample_integrations: bool
    def __init__(self, parent: _Optional[str] = ..., integration_version: _Optional[_Union[_integration_version_pb2.IntegrationVersion, _Mapping]] = ..., new_integration: bool = ..., create_sample_integrations: bool = ...) -> None: ...

class GetIntegrationVersionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListIntegrationVersionsRequest(_message.Message):
    __slots__ = ("parent", "filter", "order_by", "page_size", "page_token", "field_mask")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FIELD_MASK_FIELD_NUMBER: _ClassVar[int]
    parent: str
    filter: str
    order_by: str
    page_size: int
    page_token: str
    field_mask: _field_mask_pb2.FieldMask
    def __init__(self, parent: _Optional[str] = ..., filter: _Optional[str] = ..., order_by: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., field_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListIntegrationVersionsResponse(_message.Message):
    __slots__ = ("integration_versions", "next_page_token", "no_permission")
    INTEGRATION_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NO_PERMISSION_FIELD_NUMBER: _ClassVar[int]
    integration_versions: _containers.RepeatedCompositeFieldContainer[_integration_version_pb2.IntegrationVersion]
    next_page_token: str
    no_permission: bool
    def __init__(self, integration_versions: _Optional[_Iterable[_Union[_integration_version_pb2.IntegrationVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., no_permission: bool = ...) -> None: ...

class UpdateIntegrationVersionRequest(_message.Message):
    __slots__ = ("name", "integration_version", "update_mask")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    name: str
    integration_version: _integration_version_pb2.IntegrationVersion
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, name: _Optional[str] = ..., integration_version: _Optional[_Union[_integration_version_pb2.IntegrationVersion, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class PublishIntegrationVersionRequest(_message.Message):
    __slots__ = ("name", "config_parameters", "validate_only")
    class ConfigParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONFIG_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    config_parameters: _containers.MessageMap[str, _struct_pb2.Value]
    validate_only: bool
    def __init__(self, name: _Optional[str] = ..., config_parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., validate_only: bool = ...) -> None: ...

class PublishIntegrationVersionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnpublishIntegrationVersionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class UploadIntegrationVersionRequest(_message.Message):
    __slots__ = ("parent", "content", "file_format")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    FILE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    content: str
    file_format: FileFormat
    def __init__(self, parent: _Optional[str] = ..., content: _Optional[str] = ..., file_format: _Optional[_Union[FileFormat, str]] = ...) -> None: ...

class UploadIntegrationVersionResponse(_message.Message):
    __slots__ = ("integration_version",)
    INTEGRATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    integration_version: _integration_version_pb2.IntegrationVersion
    def __init__(self, integration_version: _Optional[_Union[_integration_version_pb2.IntegrationVersion, _Mapping]] = ...) -> None: ...

class DownloadIntegrationVersionRequest(_message.Message):
    __slots__ = ("name", "file_format", "files")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    name: str
    file_format: FileFormat
    files: _containers.RepeatedScalarFieldContainer[SerializedFile.IntegrationFile]
    def __init__(self, name: _Optional[str] = ..., file_format: _Optional[_Union[FileFormat, str]] = ..., files: _Optional[_Iterable[_Union[SerializedFile.IntegrationFile, str]]] = ...) -> None: ...

class DownloadIntegrationVersionResponse(_message.Message):
    __slots__ = ("content", "files")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    content: str
    files: _containers.RepeatedCompositeFieldContainer[SerializedFile]
    def __init__(self, content: _Optional[str] = ..., files: _Optional[_Iterable[_Union[SerializedFile, _Mapping]]] = ...) -> None: ...

class SerializedFile(_message.Message):
    __slots__ = ("file", "content")
    class IntegrationFile(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTEGRATION_FILE_UNSPECIFIED: _ClassVar[SerializedFile.IntegrationFile]
        INTEGRATION: _ClassVar[SerializedFile.IntegrationFile]
        INTEGRATION_CONFIG_VARIABLES: _ClassVar[SerializedFile.IntegrationFile]
    INTEGRATION_FILE_UNSPECIFIED: SerializedFile.IntegrationFile
    INTEGRATION: SerializedFile.IntegrationFile
    INTEGRATION_CONFIG_VARIABLES: SerializedFile.IntegrationFile
    FILE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    file: SerializedFile.IntegrationFile
    content: str
    def __init__(self, file: _Optional[_Union[SerializedFile.IntegrationFile, str]] = ..., content: _Optional[str] = ...) -> None: ...

class DeleteIntegrationVersionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DownloadJsonPackageRequest(_message.Message):
    __slots__ = ("name", "files")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    name: str
    files: _containers.RepeatedScalarFieldContainer[SerializedFile.IntegrationFile]
    def __init__(self, name: _Optional[str] = ..., files: _Optional[_Iterable[_Union[SerializedFile.IntegrationFile, str]]] = ...) -> None: ...

class DownloadJsonPackageResponse(_message.Message):
    __slots__ = ("files",)
    FILES_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[File]
    def __init__(self, files: _Optional[_Iterable[_Union[File, _Mapping]]] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("type", "integration_version", "integration_config")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    type: SerializedFile.IntegrationFile
    integration_version: _integration_version_pb2.IntegrationVersion
    integration_config: _struct_pb2.Struct
    def __init__(self, type: _Optional[_Union[SerializedFile.IntegrationFile, str]] = ..., integration_version: _Optional[_Union[_integration_version_pb2.IntegrationVersion, _Mapping]] = ..., integration_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
