"""object_storage: an object of a bucket was written, deleted, or had its access list changed."""

from dataclasses import dataclass
from enum import StrEnum

from tocsin.sources.instants import rfc3339
from tocsin.sources.kinds.definition import (
    Comparison,
    Kind,
    Metadata,
    Mismatch,
    Mismatches,
    any_of,
    dumps,
    equal,
    messages_frame,
)


class ObjectChange(StrEnum):
    """Names a change of an object. `UPDATE` changes its access list; new content is a `CREATE`."""

    CREATE = "CREATE_OBJECT"
    UPDATE = "UPDATE_OBJECT"
    DELETE = "DELETE_OBJECT"


@dataclass(frozen=True, slots=True)
class ObjectStorageSource:
    """Matches changes of a bucket's objects. `bucket_id` is the bucket's name; empty means any."""

    event_types: frozenset[ObjectChange]
    bucket_id: str = ""
    prefix: str = ""
    suffix: str = ""


EVENT_TYPES = {
    ObjectChange.CREATE: "yandex.cloud.events.storage.ObjectCreate",
    ObjectChange.UPDATE: "yandex.cloud.events.storage.ObjectUpdate",
    ObjectChange.DELETE: "yandex.cloud.events.storage.ObjectDelete",
}


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """Holds one change of an object; `bucket_id` is the bucket's name, `object_id` the key."""

    event_type: ObjectChange
    bucket_id: str
    object_id: str


def mismatches(source: ObjectStorageSource, event: ObjectEvent) -> Mismatches:
    yield from any_of("event_type", sorted(source.event_types) or [""], event.event_type)
    yield from equal("bucket_id", source.bucket_id, event.bucket_id)
    if not event.object_id.startswith(source.prefix):
        yield Mismatch("prefix", Comparison.PREFIX, (source.prefix,), event.object_id)
    if not event.object_id.endswith(source.suffix):
        yield Mismatch("suffix", Comparison.SUFFIX, (source.suffix,), event.object_id)


def element(event: ObjectEvent, metadata: Metadata) -> str:
    return dumps(
        {
            "event_metadata": {
                "event_id": metadata.event_id,
                "event_type": EVENT_TYPES[event.event_type],
                "created_at": rfc3339(metadata.at),
                "tracing_context": {
                    "trace_id": metadata.trace_id,
                    "span_id": "",
                    "parent_span_id": "",
                },
                "cloud_id": metadata.cloud_id,
                "folder_id": metadata.folder_id,
            },
            "details": {"bucket_id": event.bucket_id, "object_id": event.object_id},
        }
    )


KIND = Kind(
    name="object_storage",
    source=ObjectStorageSource,
    event=ObjectEvent,
    # A rule without a bucket matches all of them.
    keys_of_source=lambda source: (source.bucket_id,),
    keys_of_event=lambda event: (event.bucket_id, ""),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
    pulled=True,
)
