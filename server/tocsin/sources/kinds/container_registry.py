"""container_registry: an image was pushed or deleted, a tag was set or taken off."""

from dataclasses import dataclass
from enum import StrEnum

from tocsin.sources.instants import rfc3339_seconds
from tocsin.sources.kinds.definition import (
    Kind,
    Metadata,
    Mismatches,
    any_of,
    dumps,
    equal,
    messages_frame,
)


class RegistryChange(StrEnum):
    """Names a change in a container registry; one push can make several."""

    CREATE_IMAGE = "CREATE_IMAGE"
    DELETE_IMAGE = "DELETE_IMAGE"
    CREATE_TAG = "CREATE_IMAGE_TAG"
    DELETE_TAG = "DELETE_IMAGE_TAG"


@dataclass(frozen=True, slots=True)
class ContainerRegistrySource:
    """Matches changes of images and tags. `image_name` does not include the registry's id."""

    event_types: frozenset[RegistryChange]
    registry_id: str = ""
    image_name: str = ""
    tag: str = ""


EVENT_TYPES = {
    RegistryChange.CREATE_IMAGE: "yandex.cloud.events.containerregistry.CreateImage",
    RegistryChange.DELETE_IMAGE: "yandex.cloud.events.containerregistry.DeleteImage",
    RegistryChange.CREATE_TAG: "yandex.cloud.events.containerregistry.CreateImageTag",
    RegistryChange.DELETE_TAG: "yandex.cloud.events.containerregistry.DeleteImageTag",
}


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """Holds one change; `image_name` does not include the registry's id, `tag` may be empty."""

    event_type: RegistryChange
    registry_id: str
    image_name: str
    tag: str = ""
    image_id: str = ""
    image_digest: str = ""


def mismatches(source: ContainerRegistrySource, event: RegistryEvent) -> Mismatches:
    yield from any_of("event_type", sorted(source.event_types) or [""], event.event_type)
    yield from equal("registry_id", source.registry_id, event.registry_id)
    yield from equal("image_name", source.image_name, event.image_name)
    yield from equal("tag", source.tag, event.tag)


def element(event: RegistryEvent, metadata: Metadata) -> str:
    return dumps(
        {
            "event_metadata": {
                "cloud_id": metadata.cloud_id,
                "created_at": rfc3339_seconds(metadata.at),
                "event_id": metadata.event_id,
                "event_type": EVENT_TYPES[event.event_type],
                "folder_id": metadata.folder_id,
                "tracing_context": {
                    "parent_span_id": "",
                    "span_id": "",
                    "trace_id": metadata.trace_id,
                },
            },
            "details": {
                "image_digest": event.image_digest,
                "image_id": event.image_id,
                "registry_id": event.registry_id,
                "repository_name": f"{event.registry_id}/{event.image_name}",
                "tag": event.tag,
            },
        }
    )


KIND = Kind(
    name="container_registry",
    source=ContainerRegistrySource,
    event=RegistryEvent,
    # A rule without a registry matches all of them.
    keys_of_source=lambda source: (source.registry_id,),
    keys_of_event=lambda event: (event.registry_id, ""),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
)
