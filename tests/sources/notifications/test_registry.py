"""What container registries tell. Distribution's is seen in real pushes, too; Harbor's as it
documents it: https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
"""

import json
from typing import Any

import pytest

from tocsin.sources.kinds.container_registry import RegistryChange, RegistryEvent
from tocsin.sources.notifications.reading import NotificationError
from tocsin.sources.notifications.registry import registry_notification

Json = dict[str, Any]

NOW = 1_795_255_200_000_000_000
DIGEST = "sha256:8a9e9863dbb6e10edb5adfe917c00da84e1700fa76e7ed02476aa6e6fb8ee0d8"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def told(body: Json) -> list[RegistryEvent]:
    read = registry_notification("reg", json.dumps(body).encode(), NOW).incoming
    return [each.event for each in read]  # type: ignore[misc]


def ignored(body: Json) -> int:
    return registry_notification("reg", json.dumps(body).encode(), NOW).ignored


def event(change: RegistryChange, name: str, tag: str = "", digest: str = DIGEST) -> RegistryEvent:
    return RegistryEvent(change, "reg", name, tag, digest, digest)


def distribution(action: str, **target: str) -> Json:
    return {
        "events": [
            {
                "id": "320678d8-ca14-430f-8bb6-4ca139cd83f7",
                "timestamp": "2026-11-21T10:00:00.402973972Z",
                "action": action,
                "target": {"repository": "shop/api", **target},
            }
        ]
    }


def harbor(kind: str, **resource: str) -> Json:
    return {
        "type": kind,
        "occur_at": 1_795_255_200,
        "operator": "admin",
        "event_data": {
            "resources": [{"digest": DIGEST, "resource_url": "hub/x", **resource}],
            "repository": {
                "name": "debian",
                "namespace": "test-webhook",
                "repo_full_name": "test-webhook/debian",
                "repo_type": "private",
            },
        },
    }


def test_a_push_under_a_tag_is_of_an_image_and_of_a_tag() -> None:
    assert told(distribution("push", mediaType=MANIFEST, digest=DIGEST, tag="v1")) == [
        event(RegistryChange.CREATE_IMAGE, "shop/api", "v1"),
        event(RegistryChange.CREATE_TAG, "shop/api", "v1"),
    ]


@pytest.mark.parametrize(
    "media_type",
    [
        MANIFEST,
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    ],
)
def test_a_push_by_digest_is_of_an_image(media_type: str) -> None:
    assert told(distribution("push", mediaType=media_type, digest=DIGEST)) == [
        event(RegistryChange.CREATE_IMAGE, "shop/api")
    ]


def test_deletions_are_of_an_image_or_of_a_tag() -> None:
    assert told(distribution("delete", digest=DIGEST)) == [
        event(RegistryChange.DELETE_IMAGE, "shop/api")
    ]
    assert told(distribution("delete", tag="v1")) == [
        event(RegistryChange.DELETE_TAG, "shop/api", "v1", digest="")
    ]


@pytest.mark.parametrize(
    "body",
    [
        distribution("push", mediaType="application/octet-stream", digest=DIGEST),
        distribution("pull", mediaType=MANIFEST, digest=DIGEST, tag="v1"),
        distribution("mount", mediaType="application/octet-stream", digest=DIGEST),
        harbor("PULL_ARTIFACT", tag="v1"),
        {"type": "QUOTA_EXCEED", "event_data": {"repository": {}}},
        {"specversion": "1.0", "type": "harbor.scan.completed", "data": {}},
    ],
)
def test_what_no_rule_can_ask_for_is_counted(body: Json) -> None:
    assert (told(body), ignored(body)) == ([], 1)


def test_harbor_tells_of_pushes_and_deletions() -> None:
    name = "test-webhook/debian"
    assert told(harbor("PUSH_ARTIFACT", tag="latest")) == [
        event(RegistryChange.CREATE_IMAGE, name, "latest"),
        event(RegistryChange.CREATE_TAG, name, "latest"),
    ]
    assert told(harbor("PUSH_ARTIFACT", tag=DIGEST)) == [event(RegistryChange.CREATE_IMAGE, name)]
    assert told(harbor("DELETE_ARTIFACT", tag="latest")) == [
        event(RegistryChange.DELETE_IMAGE, name, "latest"),
        event(RegistryChange.DELETE_TAG, name, "latest"),
    ]


def test_harbor_tells_the_same_in_cloud_events() -> None:
    default = harbor("PUSH_ARTIFACT", tag="latest")
    body = {
        "specversion": "1.0",
        "id": "4b2f89a6-548d-4c12-9993-a1f5790b97d2",
        "source": "/projects/1/webhook/policies/3",
        "type": "harbor.artifact.pushed",
        "datacontenttype": "application/json",
        "time": "2026-11-21T10:00:00Z",
        "data": default["event_data"],
        "operator": "admin",
    }
    assert told(body) == told(default)
    for each in (body, default):
        read = registry_notification("reg", json.dumps(each).encode(), 0).incoming
        assert {one.at for one in read} == {NOW}


def test_an_entry_that_can_not_be_read_holds_up_no_other() -> None:
    body = distribution("push", mediaType=MANIFEST, digest=DIGEST)
    body["events"] += [{"action": "push"}, 7, {"action": "pull", "target": {}}]
    read = registry_notification("reg", json.dumps(body).encode(), NOW)
    assert [each.event for each in read.incoming] == [
        event(RegistryChange.CREATE_IMAGE, "shop/api")
    ]
    assert read.ignored == 1
    [unreadable] = read.unreadable
    assert (unreadable.key, unreadable.entries) == ("reg", 2)
    assert unreadable.error.field == "events[2]"


def test_bytes_of_an_entry_that_are_not_utf_8_hold_up_no_other() -> None:
    body = distribution("push", mediaType=MANIFEST, digest=DIGEST)
    body["events"] += [distribution("push", mediaType=MANIFEST, tag="?")["events"][0]]
    told = json.dumps(body).encode().replace(b'"?"', b'"\xff"')
    read = registry_notification("reg", told, NOW)
    assert [each.event for each in read.incoming] == [
        event(RegistryChange.CREATE_IMAGE, "shop/api")
    ]
    assert read.unreadable[0].error.field == "events[1].target.tag"


def test_a_time_of_thousands_of_digits_is_refused_by_its_field() -> None:
    told = json.dumps(harbor("PUSH_ARTIFACT") | {"occur_at": "?"}).encode()
    with pytest.raises(NotificationError) as refused:
        registry_notification("reg", told.replace(b'"?"', b"9" * 5000), NOW)
    assert refused.value.field == "occur_at"


def test_a_resource_of_harbor_that_can_not_be_read_holds_up_no_other() -> None:
    body = harbor("PUSH_ARTIFACT")
    body["event_data"]["resources"] += [{"digest": 7}]
    read = registry_notification("reg", json.dumps(body).encode(), NOW)
    assert [each.event for each in read.incoming] == [
        event(RegistryChange.CREATE_IMAGE, "test-webhook/debian")
    ]
    assert read.refused == 1
    assert read.unreadable[0].error.field == "event_data.resources[1].digest"


def test_what_is_told_again_has_the_same_id_and_nothing_else_has() -> None:
    body = json.dumps(distribution("push", mediaType=MANIFEST, digest=DIGEST, tag="v1")).encode()
    first, again = (
        [each.id for each in registry_notification("reg", body, NOW).incoming] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) == 2
    elsewhere = [each.id for each in registry_notification("other", body, NOW).incoming]
    assert not set(first) & set(elsewhere)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"events": {}}, "events"),
        ({"events": [{"action": "push"}]}, "events[0].target"),
        ({"events": [{"target": {}}]}, "events[0].action"),
        ({"events": [{"action": "delete", "target": {}}]}, "events[0].target.repository"),
        ({"event_data": {}}, "type"),
        ({"type": "PUSH_ARTIFACT", "event_data": []}, "event_data"),
        ({"type": "PUSH_ARTIFACT", "event_data": {}}, "event_data.repository"),
        ({**harbor("PUSH_ARTIFACT"), "occur_at": "now"}, "occur_at"),
        ({**harbor("PUSH_ARTIFACT"), "occur_at": -1}, "occur_at"),
    ],
)
def test_a_body_that_is_none_is_refused_where_it_is_wrong(body: Json, field: str) -> None:
    with pytest.raises(NotificationError) as refused:
        told(body)
    assert refused.value.field == field
