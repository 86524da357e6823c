import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import integration_state_pb2 as _integration_state_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import value_type_pb2 as _value_type_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tocsin_protos.yandex.cloud import validation_pb2 as _validation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IntegrationVersion(_message.Message):
    __slots__ = ("name", "description", "task_configs", "trigger_configs", "integration_parameters", "integration_config_parameters", "user_label", "run_as_service_account", "snapshot_number", "state", "status", "create_time", "update_time", "last_modifier_email", "lock_holder", "database_persistence_policy", "enable_variable_masking", "error_catcher_configs", "cloud_logging_details", "cloud_kms_key", "created_from_template", "parent_template_id", "origin", "euc_hardening_disposition", "integration_parameters_internal", "task_configs_internal", "teardown", "trigger_configs_internal")
    class DatabasePersistencePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DATABASE_PERSISTENCE_POLICY_UNSPECIFIED: _ClassVar[IntegrationVersion.DatabasePersistencePolicy]
        DATABASE_PERSISTENCE_DISABLED: _ClassVar[IntegrationVersion.DatabasePersistencePolicy]
        DATABASE_PERSISTENCE_ASYNC: _ClassVar[IntegrationVersion.DatabasePersistencePolicy]
    DATABASE_PERSISTENCE_POLICY_UNSPECIFIED: IntegrationVersion.DatabasePersistencePolicy
    DATABASE_PERSISTENCE_DISABLED: IntegrationVersion.DatabasePersistencePolicy
    DATABASE_PERSISTENCE_ASYNC: IntegrationVersion.DatabasePersistencePolicy
    class EucHardeningDisposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EUC_HARDENING_DISPOSITION_UNSPECIFIED: _ClassVar[IntegrationVersion.EucHardeningDisposition]
        LEGACY: _ClassVar[IntegrationVersion.EucHardeningDisposition]
        HARDENED: _ClassVar[IntegrationVersion.EucHardeningDisposition]
    EUC_HARDENING_DISPOSITION_UNSPECIFIED: IntegrationVersion.EucHardeningDisposition
    LEGACY: IntegrationVersion.EucHardeningDisposition
    HARDENED: IntegrationVersion.EucHardeningDisposition
    class Origin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[IntegrationVersion.Origin]
        UI: _ClassVar[IntegrationVersion.Origin]
        PIPER_V2: _ClassVar[IntegrationVersion.Origin]
        PIPER_V3: _ClassVar[IntegrationVersion.Origin]
        APPLICATION_IP_PROVISIONING: _ClassVar[IntegrationVersion.Origin]
        TEST_CASE: _ClassVar[IntegrationVersion.Origin]
    UNSPECIFIED: IntegrationVersion.Origin
    UI: IntegrationVersion.Origin
    PIPER_V2: IntegrationVersion.Origin
    PIPER_V3: IntegrationVersion.Origin
    APPLICATION_IP_PROVISIONING: IntegrationVersion.Origin
    TEST_CASE: IntegrationVersion.Origin
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[IntegrationVersion.Status]
        DRAFT: _ClassVar[IntegrationVersion.Status]
        ACTIVE: _ClassVar[IntegrationVersion.Status]
        ARCHIVED: _ClassVar[IntegrationVersion.Status]
        SNAPSHOT: _ClassVar[IntegrationVersion.Status]
    UNKNOWN: IntegrationVersion.Status
    DRAFT: IntegrationVersion.Status
    ACTIVE: IntegrationVersion.Status
    ARCHIVED: IntegrationVersion.Status
    SNAPSHOT: IntegrationVersion.Status
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TASK_CONFIGS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_CONFIGS_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_CONFIG_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    USER_LABEL_FIELD_NUMBER: _ClassVar[int]
    RUN_AS_SERVICE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_MODIFIER_EMAIL_FIELD_NUMBER: _ClassVar[int]
    LOCK_HOLDER_FIELD_NUMBER: _ClassVar[int]
    DATABASE_PERSISTENCE_POLICY_FIELD_NUMBER: _ClassVar[int]
    ENABLE_VARIABLE_MASKING_FIELD_NUMBER: _ClassVar[int]
    ERROR_CATCHER_CONFIGS_FIELD_NUMBER: _ClassVar[int]
    CLOUD_LOGGING_DETAILS_FIELD_NUMBER: _ClassVar[int]
    CLOUD_KMS_KEY_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    PARENT_TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    EUC_HARDENING_DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    INTEGRATION_PARAMETERS_INTERNAL_FIELD_NUMBER: _ClassVar[int]
    TASK_CONFIGS_INTERNAL_FIELD_NUMBER: _ClassVar[int]
    TEARDOWN_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_CONFIGS_INTERNAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    task_configs: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    trigger_configs: _containers.RepeatedCompositeFieldContainer[TriggerConfig]
    integration_parameters: _containers.RepeatedCompositeFieldContainer[IntegrationParameter]
    integration_config_parameters: _containers.RepeatedCompositeFieldContainer[IntegrationConfigParameter]
    user_label: str
    run_as_service_account: str
    snapshot_number: int
    state: _integration_state_pb2.IntegrationState
    status: IntegrationVersion.Status
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    last_modifier_email: str
    lock_holder: str
    database_persistence_policy: IntegrationVersion.DatabasePersistencePolicy
    enable_variable_masking: bool
    error_catcher_configs: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    cloud_logging_details: _struct_pb2.Struct
    cloud_kms_key: str
    created_from_template: str
    parent_template_id: str
    origin: IntegrationVersion.Origin
    euc_hardening_disposition: IntegrationVersion.EucHardeningDisposition
    integration_parameters_internal: _struct_pb2.Struct
    task_configs_internal: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    teardown: _struct_pb2.Struct
    trigger_configs_internal: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., task_configs: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., trigger_configs: _Optional[_Iterable[_Union[TriggerConfig, _Mapping]]] = ..., integration_parameters: _Optional[_Iterable[_Union[IntegrationParameter, _Mapping]]] = ..., integration_config_parameters: _Optional[_Iterable[_Union[IntegrationConfigParameter, _Mapping]]] = ..., user_label: _Optional[str] = ..., run_as_service_account: _Optional[str] = ..., snapshot_number: _Optional[int] = ..., state: _Optional[_Union[_integration_state_pb2.IntegrationState, str]] = ..., status: _Optional[_Union[IntegrationVersion.Status, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_modifier_email: _Optional[str] = ..., lock_holder: _Optional[str] = ..., database_persistence_policy: _Optional[_Union[IntegrationVersion.DatabasePersistencePolicy, str]] = ..., enable_variable_masking: bool = ..., error_catcher_configs: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., cloud_logging_details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., cloud_kms_key: _Optional[str] = ..., created_from_template: _Optional[str] = ..., parent_template_id: _Optional[str] = ..., origin: _Optional[_Union[IntegrationVersion.Origin, str]] = ..., euc_hardening_disposition: _Optional[_Union[IntegrationVersion.EucHardeningDisposition, str]] = ..., integration_parameters_internal: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., task_configs_internal: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., teardown: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., trigger_configs_internal: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class TriggerConfig(_message.Message):
    __slots__ = ("trigger_id", "trigger_number", "trigger_type", "trigger", "label", "description", "properties", "cloud_scheduler_config", "next_tasks_execution_policy", "start_tasks", "input_variables", "output_variables", "error_catcher_id", "alert_config", "position")
    class TriggerType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TRIGGER_TYPE_UNSPECIFIED: _ClassVar[TriggerConfig.TriggerType]
        CRON: _ClassVar[TriggerConfig.TriggerType]
        API: _ClassVar[TriggerConfig.TriggerType]
        SFDC_CHANNEL: _ClassVar[TriggerConfig.TriggerType]
        CLOUD_PUBSUB_EXTERNAL: _ClassVar[TriggerConfig.TriggerType]
        SFDC_CDC_CHANNEL: _ClassVar[TriggerConfig.TriggerType]
        CLOUD_SCHEDULER: _ClassVar[TriggerConfig.TriggerType]
        INTEGRATION_CONNECTOR_TRIGGER: _ClassVar[TriggerConfig.TriggerType]
        PRIVATE_TRIGGER: _ClassVar[TriggerConfig.TriggerType]
        CLOUD_PUBSUB: _ClassVar[TriggerConfig.TriggerType]
        EVENTARC_TRIGGER: _ClassVar[TriggerConfig.TriggerType]
    TRIGGER_TYPE_UNSPECIFIED: TriggerConfig.TriggerType
    CRON: TriggerConfig.TriggerType
    API: TriggerConfig.TriggerType
    SFDC_CHANNEL: TriggerConfig.TriggerType
    CLOUD_PUBSUB_EXTERNAL: TriggerConfig.TriggerType
    SFDC_CDC_CHANNEL: TriggerConfig.TriggerType
    CLOUD_SCHEDULER: TriggerConfig.TriggerType
    INTEGRATION_CONNECTOR_TRIGGER: TriggerConfig.TriggerType
    PRIVATE_TRIGGER: TriggerConfig.TriggerType
    CLOUD_PUBSUB: TriggerConfig.TriggerType
    EVENTARC_TRIGGER: TriggerConfig.TriggerType
    class NextTasksExecutionPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NEXT_TASKS_EXECUTION_POLICY_UNSPECIFIED: _ClassVar[TriggerConfig.NextTasksExecutionPolicy]
        RUN_ALL_MATCH: _ClassVar[TriggerConfig.NextTasksExecutionPolicy]
        RUN_FIRST_MATCH: _ClassVar[TriggerConfig.NextTasksExecutionPolicy]
    NEXT_TASKS_EXECUTION_POLICY_UNSPECIFIED: TriggerConfig.NextTasksExecutionPolicy
    RUN_ALL_MATCH: TriggerConfig.NextTasksExecutionPolicy
    RUN_FIRST_MATCH: TriggerConfig.NextTasksExecutionPolicy
    class PropertiesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_TYPE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SCHEDULER_CONFIG_FIELD_NUMBER: _ClassVar[int]
    NEXT_TASKS_EXECUTION_POLICY_FIELD_NUMBER: _ClassVar[int]
    START_TASKS_FIELD_NUMBER: _ClassVar[int]
    INPUT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    ERROR_CATCHER_ID_FIELD_NUMBER: _ClassVar[int]
    ALERT_CONFIG_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    trigger_id: str
    trigger_number: str
    trigger_type: TriggerConfig.TriggerType
    trigger: str
    label: str
    description: str
    properties: _containers.ScalarMap[str, str]
    cloud_scheduler_config: CloudSchedulerConfig
    next_tasks_execution_policy: TriggerConfig.NextTasksExecutionPolicy
    start_tasks: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    input_variables: _struct_pb2.Struct
    output_variables: _struct_pb2.Struct
    error_catcher_id: str
    alert_config: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    position: _struct_pb2.Struct
    def __init__(self, trigger_id: _Optional[str] = ..., trigger_number: _Optional[str] = ..., trigger_type: _Optional[_Union[TriggerConfig.TriggerType, str]] = ..., trigger: _Optional[str] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., properties: _Optional[_Mapping[str, str]] = ..., cloud_scheduler_config: _Optional[_Union[CloudSchedulerConfig, _Mapping]] = ..., next_tasks_execution_policy: _Optional[_Union[TriggerConfig.NextTasksExecutionPolicy, str]] = ..., start_tasks: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., input_variables: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., output_variables: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., error_catcher_id: _Optional[str] = ..., alert_config: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., position: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CloudSchedulerConfig(_message.Message):
    __slots__ = ("service_account_email", "cron_tab", "location", "error_message")
    SERVICE_ACCOUNT_EMAIL_FIELD_NUMBER: _ClassVar[int]
    CRON_TAB_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    service_account_email: str
    cron_tab: str
    location: str
    error_message: str
    def __init__(self, service_account_email: _Optional[str] = ..., cron_tab: _Optional[str] = ..., location: _Optional[str] = ..., error_message: _Optional[str] = ...) -> None: ...

class IntegrationParameter(_message.Message):
    __slots__ = ("key", "data_type", "default_value", "input_output_type", "json_schema", "masked", "display_name", "description", "is_transient", "producer", "searchable", "contains_large_data")
    class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTEGRATION_PARAMETER_DATA_TYPE_UNSPECIFIED: _ClassVar[IntegrationParameter.DataType]
        STRING_VALUE: _ClassVar[IntegrationParameter.DataType]
        INT_VALUE: _ClassVar[IntegrationParameter.DataType]
        DOUBLE_VALUE: _ClassVar[IntegrationParameter.DataType]
        BOOLEAN_VALUE: _ClassVar[IntegrationParameter.DataType]
        STRING_ARRAY: _ClassVar[IntegrationParameter.DataType]
        INT_ARRAY: _ClassVar[IntegrationParameter.DataType]
        DOUBLE_ARRAY: _ClassVar[IntegrationParameter.DataType]
        BOOLEAN_ARRAY: _ClassVar[IntegrationParameter.DataType]
        JSON_VALUE: _ClassVar[IntegrationParameter.DataType]
        PROTO_VALUE: _ClassVar[IntegrationParameter.DataType]
        PROTO_ARRAY: _ClassVar[IntegrationParameter.DataType]
        NON_SERIALIZABLE_OBJECT: _ClassVar[IntegrationParameter.DataType]
        PROTO_ENUM: _ClassVar[IntegrationParameter.DataType]
        SERIALIZED_OBJECT_VALUE: _ClassVar[IntegrationParameter.DataType]
        PROTO_ENUM_ARRAY: _ClassVar[IntegrationParameter.DataType]
        BYTES: _ClassVar[IntegrationParameter.DataType]
        BYTES_ARRAY: _ClassVar[IntegrationParameter.DataType]
    INTEGRATION_PARAMETER_DATA_TYPE_UNSPECIFIED: IntegrationParameter.DataType
    STRING_VALUE: IntegrationParameter.DataType
    INT_VALUE: IntegrationParameter.DataType
    DOUBLE_VALUE: IntegrationParameter.DataType
    BOOLEAN_VALUE: IntegrationParameter.DataType
    STRING_ARRAY: IntegrationParameter.DataType
    INT_ARRAY: IntegrationParameter.DataType
    DOUBLE_ARRAY: IntegrationParameter.DataType
    BOOLEAN_ARRAY: IntegrationParameter.DataType
    JSON_VALUE: IntegrationParameter.DataType
    PROTO_VALUE: IntegrationParameter.DataType
    PROTO_ARRAY: IntegrationParameter.DataType
    NON_SERIALIZABLE_OBJECT: IntegrationParameter.DataType
    PROTO_ENUM: IntegrationParameter.DataType
    SERIALIZED_OBJECT_VALUE: IntegrationParameter.DataType
    PROTO_ENUM_ARRAY: IntegrationParameter.DataType
    BYTES: IntegrationParameter.DataType
    BYTES_ARRAY: IntegrationParameter.DataType
    class InOutType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IN_OUT_TYPE_UNSPECIFIED: _ClassVar[IntegrationParameter.InOutType]
        IN: _ClassVar[IntegrationParameter.InOutType]
        OUT: _ClassVar[IntegrationParameter.InOutType]
        IN_OUT: _ClassVar[IntegrationParameter.InOutType]
    IN_OUT_TYPE_UNSPECIFIED: IntegrationParameter.InOutType
    IN: IntegrationParameter.InOutType
    OUT: IntegrationParameter.InOutType
    IN_OUT: IntegrationParameter.InOutType
    KEY_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    INPUT_OUTPUT_TYPE_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    MASKED_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    IS_TRANSIENT_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    SEARCHABLE_FIELD_NUMBER: _ClassVar[int]
    CONTAINS_LARGE_DATA_FIELD_NUMBER: _ClassVar[int]
    key: str
    data_type: IntegrationParameter.DataType
    default_value: _value_type_pb2.ValueType
    input_output_type: IntegrationParameter.InOutType
    json_schema: str
    masked: bool
    display_name: str
    description: str
    is_transient: bool
    producer: str
    searchable: bool
    contains_large_data: bool
    def __init__(self, key: _Optional[str] = ..., data_type: _Optional[_Union[IntegrationParameter.DataType, str]] = ..., default_value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ..., input_output_type: _Optional[_Union[IntegrationParameter.InOutType, str]] = ..., json_schema: _Optional[str] = ..., masked: bool = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., is_transient: bool = ..., producer: _Optional[str] = ..., searchable: bool = ..., contains_large_data: bool = ...) -> None: ...

class IntegrationConfigParameter(_message.Message):
    __slots__ = ("parameter", "value")
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    parameter: IntegrationParameter
    value: _value_type_pb2.ValueType
    def __init__(self, parameter: _Optional[_Union[IntegrationParameter, _Mapping]] = ..., value: _Optional[_Union[_value_type_pb2.ValueType, _Mapping]] = ...) -> None: ...
