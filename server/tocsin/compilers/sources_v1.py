"""Compiles the sources of rules of `yandex.cloud.serverless.triggers.v1`, except a timer's."""

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration

from tocsin.plans.plan import Source
from tocsin.sources.kinds.catalog import KINDS
from tocsin.sources.kinds.cloud_logs import CloudLogsSource
from tocsin.sources.kinds.container_registry import ContainerRegistrySource, RegistryChange
from tocsin.sources.kinds.logging import LoggingSource, LogLevel
from tocsin.sources.kinds.mail import AttachmentsBucket, MailSource
from tocsin.sources.kinds.message_queue import MessageQueueSource
from tocsin.sources.kinds.object_storage import ObjectChange, ObjectStorageSource
from tocsin_protos.yandex.cloud.logging.v1.log_entry_pb2 import LogLevel as ContractLevel
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

# By the contract's numbers; a number that is not here, such as 0, matches nothing.
OBJECT_CHANGES = {
    Trigger.OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT: ObjectChange.CREATE,
    Trigger.OBJECT_STORAGE_EVENT_TYPE_UPDATE_OBJECT: ObjectChange.UPDATE,
    Trigger.OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT: ObjectChange.DELETE,
}
REGISTRY_CHANGES = {
    Trigger.CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE: RegistryChange.CREATE_IMAGE,
    Trigger.CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE: RegistryChange.DELETE_IMAGE,
    Trigger.CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE_TAG: RegistryChange.CREATE_TAG,
    Trigger.CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE_TAG: RegistryChange.DELETE_TAG,
}
LEVELS = {number: LogLevel(name) for name, number in ContractLevel.Level.items()}


def compile_source(kind: str, rule: Any) -> Source:
    """Returns the source of a rule.

    The source of a kind that is not in COMPILERS has the same fields as the rule.

    Args:
        kind: the kind of the rule, any but `timer`.
        rule: the rule's message.
    """
    compiler = COMPILERS.get(kind)
    return _by_name(KINDS[kind].source, rule) if compiler is None else compiler(rule)


def _by_name(source: Any, rule: Any) -> Source:
    named: Source = source(**{field.name: getattr(rule, field.name) for field in fields(source)})
    return named


def to_timedelta(duration: Duration) -> timedelta:
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)


def _message_queue(rule: Any) -> Source:
    hidden = rule.visibility_timeout if rule.HasField("visibility_timeout") else None
    return MessageQueueSource(
        rule.queue_id,
        rule.service_account_id,
        None if hidden is None else to_timedelta(hidden),
    )


def _object_storage(rule: Any) -> Source:
    known = frozenset(
        OBJECT_CHANGES[number] for number in rule.event_type if number in OBJECT_CHANGES
    )
    return ObjectStorageSource(known, rule.bucket_id, rule.prefix, rule.suffix)


def _container_registry(rule: Any) -> Source:
    known = frozenset(
        REGISTRY_CHANGES[number] for number in rule.event_type if number in REGISTRY_CHANGES
    )
    return ContainerRegistrySource(known, rule.registry_id, rule.image_name, rule.tag)


def _cloud_logs(rule: Any) -> Source:
    return CloudLogsSource(frozenset(rule.log_group_id))


def _logging(rule: Any) -> Source:
    return LoggingSource(
        rule.log_group_id,
        resource_types=frozenset(rule.resource_type),
        resource_ids=frozenset(rule.resource_id),
        stream_names=frozenset(rule.stream_name),
        levels=frozenset(LEVELS.get(number, LogLevel.UNSPECIFIED) for number in rule.levels),
    )


def _mail(rule: Any) -> Source:
    if not rule.HasField("attachments_bucket"):
        return MailSource(rule.email)
    bucket = rule.attachments_bucket
    return MailSource(rule.email, AttachmentsBucket(bucket.bucket_id, bucket.service_account_id))


COMPILERS: dict[str, Callable[[Any], Source]] = {
    "message_queue": _message_queue,
    "object_storage": _object_storage,
    "container_registry": _container_registry,
    "cloud_logs": _cloud_logs,
    "logging": _logging,
    "mail": _mail,
}
