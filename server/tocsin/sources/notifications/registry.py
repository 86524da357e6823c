"""Reads notifications of container registries: CNCF distribution's, and Harbor's webhooks.

https://distribution.github.io/distribution/about/notifications/
https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/

Neither says whether the image or the tag existed before: every push looks the same.
"""

from dataclasses import dataclass

from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import LAST_SECOND, NANOS, nanos_of_rfc3339
from tocsin.sources.kinds.container_registry import RegistryChange, RegistryEvent
from tocsin.sources.notifications.reading import (
    Json,
    Notification,
    NotificationError,
    Unreadable,
    identity,
    joined,
    json_object,
    member,
    optional_text,
    read_each,
    text,
)

PUSHED = (RegistryChange.CREATE_IMAGE, RegistryChange.CREATE_TAG)
DELETED = (RegistryChange.DELETE_IMAGE, RegistryChange.DELETE_TAG)
OF_TAGS = (RegistryChange.CREATE_TAG, RegistryChange.DELETE_TAG)

DISTRIBUTION = {"push": PUSHED, "delete": DELETED}
HARBOR = {"PUSH_ARTIFACT": PUSHED, "DELETE_ARTIFACT": DELETED}
HARBOR_CLOUD_EVENTS = {"harbor.artifact.pushed": PUSHED, "harbor.artifact.deleted": DELETED}

# Only these media types are images; others are layers and configurations.
MANIFESTS = ("manifest", "image.index")


@dataclass(frozen=True, slots=True)
class Artifact:
    """Describes what was pushed or deleted; without a digest it is only a tag."""

    repository: str
    digest: str
    tag: str
    happened_ns: int
    key: object
    """Identifies this push or deletion."""


def registry_notification(registry_id: str, body: bytes, now: int) -> Notification:
    """Reads the changes in a registry from a body.

    Args:
        registry_id: the registry's id in rules.
        body: the JSON text.
        now: the instant at which it came, in nanoseconds, for entries without a time.

    Raises:
        NotificationError: the body is not a notification.
    """
    content = json_object(body)
    if "events" in content:
        changes_of_entries, unreadable = read_each(
            content,
            "",
            "events",
            lambda event, path: _of_distribution(registry_id, event, path, now),
            lambda _: registry_id,
        )
    elif "event_data" in content:
        changes = HARBOR.get(text(content, "", "type"))
        happened_ns = _occurred(content, now)
        changes_of_entries, unreadable = _of_harbor(
            registry_id, changes, content, "event_data", happened_ns
        )
    elif "specversion" in content:
        changes = HARBOR_CLOUD_EVENTS.get(text(content, "", "type"))
        happened_ns = _instant(content, "", "time", now)
        changes_of_entries, unreadable = _of_harbor(
            registry_id, changes, content, "data", happened_ns
        )
    else:
        raise NotificationError(
            "", "expected events, as distribution sends, or event_data, as Harbor does"
        )
    incoming = tuple(change for changes in changes_of_entries for change in changes)
    return Notification(incoming, changes_of_entries.count([]), unreadable)


def _of_distribution(registry_id: str, event: Json, path: str, now: int) -> list[Incoming]:
    action = text(event, path, "action")
    changes = DISTRIBUTION.get(action)
    where, target = joined(path, "target"), member(event, path, "target")
    media_type = optional_text(target, where, "mediaType")
    if changes is None or (action == "push" and not any(kind in media_type for kind in MANIFESTS)):
        return []
    artifact = Artifact(
        text(target, where, "repository"),
        optional_text(target, where, "digest"),
        optional_text(target, where, "tag"),
        _instant(event, path, "timestamp", now),
        optional_text(event, path, "id") or event,
    )
    return _changes(registry_id, artifact, changes)


def _of_harbor(
    registry_id: str,
    changes: tuple[RegistryChange, ...] | None,
    content: Json,
    path: str,
    happened_ns: int,
) -> tuple[list[list[Incoming]], tuple[Unreadable, ...]]:
    if changes is None:
        return [[]], ()
    data = member(content, "", path)
    where, repository = f"{path}.repository", member(data, path, "repository")
    name = text(repository, where, "repo_full_name")

    def read(resource: Json, resource_path: str) -> list[Incoming]:
        digest = optional_text(resource, resource_path, "digest")
        tag = optional_text(resource, resource_path, "tag")
        # Harbor gives the digest as the tag of an image without one.
        artifact = Artifact(
            name, digest, "" if ":" in tag else tag, happened_ns, [content, resource_path]
        )
        return _changes(registry_id, artifact, changes)

    return read_each(data, path, "resources", read, lambda _: registry_id)


def _changes(
    registry_id: str, artifact: Artifact, changes: tuple[RegistryChange, ...]
) -> list[Incoming]:
    """Returns the changes of the image and of its tag, if the artifact has them."""
    incoming = []
    for change in changes:
        if artifact.tag if change in OF_TAGS else artifact.digest:
            event = RegistryEvent(
                change,
                registry_id,
                artifact.repository,
                artifact.tag,
                # The digest is the only id that an image has here.
                artifact.digest,
                artifact.digest,
            )
            event_id = identity("registry", registry_id, change, artifact.key)
            incoming.append(Incoming(event, artifact.happened_ns, event_id))
    return incoming


def _instant(within: Json, path: str, name: str, now: int) -> int:
    value = optional_text(within, path, name)
    if not value:
        return now
    try:
        return nanos_of_rfc3339(value)
    except ValueError as error:
        raise NotificationError(joined(path, name), str(error)) from error


def _occurred(content: Json, now: int) -> int:
    """Returns Harbor's time, whole seconds since the Unix epoch, in nanoseconds."""
    value = content.get("occur_at")
    if value is None:
        return now
    if not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise NotificationError("occur_at", "expected seconds since the Unix epoch")
    return value * NANOS
