"""What container registries tell: CNCF distribution by its notifications, Harbor by its webhooks.

https://distribution.github.io/distribution/about/notifications/
https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/

Neither says whether an image or a tag was there before: a push is told alike each time.
"""

from dataclasses import dataclass

from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import LAST_SECOND, NANOS, nanos_of_rfc3339
from tocsin.sources.kinds.container_registry import RegistryChange, RegistryEvent
from tocsin.sources.notifications.reading import (
    Json,
    Notification,
    NotificationError,
    identity,
    joined,
    json_object,
    member,
    members,
    optional_text,
    text,
)

PUSHED = (RegistryChange.CREATE_IMAGE, RegistryChange.CREATE_TAG)
DELETED = (RegistryChange.DELETE_IMAGE, RegistryChange.DELETE_TAG)
OF_TAGS = (RegistryChange.CREATE_TAG, RegistryChange.DELETE_TAG)

DISTRIBUTION = {"push": PUSHED, "delete": DELETED}
HARBOR = {"PUSH_ARTIFACT": PUSHED, "DELETE_ARTIFACT": DELETED}
HARBOR_CLOUD_EVENTS = {"harbor.artifact.pushed": PUSHED, "harbor.artifact.deleted": DELETED}

# Of what is pushed, only these are images; the others are their layers and configurations.
MANIFESTS = ("manifest", "image.index")


@dataclass(frozen=True, slots=True)
class Artifact:
    """What was pushed or deleted, as its registry names it. Without a digest it is a tag alone."""

    repository: str
    digest: str
    tag: str
    at: int
    key: object
    """What only this push or deletion has."""


def registry_notification(registry_id: str, body: bytes, now: int) -> Notification:
    """Returns the changes in a registry that a body tells of; `now` is when it came.

    Raises:
        NotificationError: it is no notification.
    """
    content = json_object(body)
    if "events" in content:
        told = [
            _of_distribution(registry_id, event, path, now)
            for path, event in members(content, "", "events")
        ]
    elif "event_data" in content:
        changes = HARBOR.get(text(content, "", "type"))
        at = _occurred(content, now)
        told = _of_harbor(registry_id, changes, content, "event_data", at)
    elif "specversion" in content:
        changes = HARBOR_CLOUD_EVENTS.get(text(content, "", "type"))
        at = _instant(content, "", "time", now)
        told = _of_harbor(registry_id, changes, content, "data", at)
    else:
        raise NotificationError("", "has neither events, as distribution sends, nor event_data")
    return Notification(tuple(each for some in told for each in some), told.count([]))


def _of_distribution(registry_id: str, event: Json, path: str, now: int) -> list[Incoming]:
    action = text(event, path, "action")
    changes = DISTRIBUTION.get(action)
    where, target = joined(path, "target"), member(event, path, "target")
    media_type = optional_text(target, where, "mediaType")
    if changes is None or (action == "push" and not any(each in media_type for each in MANIFESTS)):
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
    at: int,
) -> list[list[Incoming]]:
    if changes is None:
        return [[]]
    data = member(content, "", path)
    where, repository = f"{path}.repository", member(data, path, "repository")
    name = text(repository, where, "repo_full_name")
    told = []
    for place, resource in members(data, path, "resources"):
        digest = optional_text(resource, place, "digest")
        tag = optional_text(resource, place, "tag")
        # What has no tag stands there under its digest.
        artifact = Artifact(name, digest, "" if ":" in tag else tag, at, [content, place])
        told.append(_changes(registry_id, artifact, changes))
    return told


def _changes(
    registry_id: str, artifact: Artifact, changes: tuple[RegistryChange, ...]
) -> list[Incoming]:
    """Of the image and of its tag, whichever is told of."""
    found = []
    for change in changes:
        if artifact.tag if change in OF_TAGS else artifact.digest:
            event = RegistryEvent(
                change,
                registry_id,
                artifact.repository,
                artifact.tag,
                # An image here has no id but its digest.
                artifact.digest,
                artifact.digest,
            )
            event_id = identity("registry", registry_id, change, artifact.key)
            found.append(Incoming(event, artifact.at, event_id))
    return found


def _instant(within: Json, path: str, name: str, now: int) -> int:
    value = optional_text(within, path, name)
    if not value:
        return now
    try:
        return nanos_of_rfc3339(value)
    except ValueError as error:
        raise NotificationError(joined(path, name), str(error)) from error


def _occurred(content: Json, now: int) -> int:
    """Harbor's are whole seconds since the Unix epoch."""
    value = content.get("occur_at")
    if value is None:
        return now
    if not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise NotificationError("occur_at", "expected seconds since the Unix epoch")
    return value * NANOS
