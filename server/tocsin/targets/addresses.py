"""Finds the URL of a target in the configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from yarl import URL

from tocsin.outgoing.reach import LOCALHOST
from tocsin.outgoing.sent_urls import refusal_of
from tocsin.outgoing.url_parts import ends_in_number, has_dot_segment, path_of
from tocsin.plans.plan import (
    Container,
    Function,
    Integration,
    Notice,
    Target,
    WebsocketBroadcast,
    Workflow,
)
from tocsin.targets.receivers import Receiver
from tocsin.targets.settings import IntegrationSettings, TargetSettings


class UnmappedTarget(Exception):
    """A target has no usable URL; the message says why and which setting gives one."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Holds the settings of targets' URLs; those of integrations and receivers by their names."""

    targets: TargetSettings
    integrations: Mapping[str, IntegrationSettings]
    receivers: Mapping[str, Receiver] = field(default_factory=dict)

    def url(self, target: Target) -> URL:
        """Returns the URL to which a call of this target is POSTed.

        Raises:
            UnmappedTarget: the configuration has no URL for it, or the rule's id or path can't be
                put into the URL.
        """
        match target:
            case Function():
                query = {"tag": target.tag} if target.tag else {}
                return self._of(target.kind, target.function_id).update_query(
                    {**query, "integration": "raw"}
                )
            case Container():
                return _with_path(self._of(target.kind, target.container_id), target.path)
            case Workflow():
                return self._of(target.kind, target.workflow_id)
            case WebsocketBroadcast():
                return _with_path(self._of(target.kind, target.gateway_id), target.path)
            case Integration():
                return self._of_integration(target)
            case Notice():
                return URL(self._receiver(target).url or "")

    def signing_key(self, target: Target) -> bytes:
        """Returns the key that signs calls of a target; empty if they are not signed."""
        return self._receiver(target).key if isinstance(target, Notice) else b""

    def _receiver(self, target: Notice) -> Receiver:
        receiver = self.receivers.get(target.receiver)
        if receiver is None or receiver.url is None:
            raise UnmappedTarget(
                f"receiver {target.receiver} is no longer configured: "
                f"set url in [notify.receivers.{target.receiver}]"
            )
        return receiver

    def _of(self, kind: str, target_id: str) -> URL:
        if not target_id.strip(".") or has_dot_segment(target_id):
            raise UnmappedTarget(f"the {kind} id {target_id!r} would lead out of the target's URL")
        url = self.targets.urls(kind).get(target_id)
        if url is None:
            template = self.targets.template(kind)
            if template is None:
                raise UnmappedTarget(
                    f"no URL is configured for {kind} {target_id}: "
                    f"set {kind} in [targets], or {target_id} in [targets.{kind}s]"
                )
            url = _filled(template, "{" + ID_FIELDS[kind] + "}", target_id)
        return URL(url)

    def _of_integration(self, target: Integration) -> URL:
        if target.url:
            # The settings may have become stricter since the version was published.
            if why := refusal_of(self.targets.reach, target.url):
                raise UnmappedTarget(f"the URL of integration {target.name} {why}")
            return URL(target.url)
        integration = self.integrations.get(target.name)
        if integration is None:
            raise UnmappedTarget(
                f"integration {target.name} is no longer configured: "
                f"set url in [integrations.{target.name}]"
            )
        return URL(integration.url)


# The field of a template that the id replaces.
ID_FIELDS = {
    "function": "function_id",
    "container": "container_id",
    "workflow": "workflow_id",
    "websocket_broadcast": "gateway_id",
}


AUTHORITY_END = re.compile("[/?#]")
# One label of a host name (RFC 1123, 2.1), and `_`, which real names have.
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


def _filled(template: str, field: str, target_id: str) -> str:
    """Returns a template with the id in place of its field.

    In the host part the id must be one label, so that it can't lead to another domain.

    Raises:
        UnmappedTarget: the id is not a label, turns the host into an address, or leads out of the
            URL's path.
    """
    _, _, rest = template.partition("://")
    authority = AUTHORITY_END.split(rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    if field in host:
        name = host.replace(field, target_id).partition(":")[0].rstrip(".").lower()
        if not LABEL.fullmatch(target_id):
            raise UnmappedTarget(f"the id {target_id[:64]!r} can't be a label of a host name")
        if name == LOCALHOST or ends_in_number(name):
            raise UnmappedTarget(f"the id {target_id[:64]!r} would turn the host into an address")
    filled = template.replace(field, quote(target_id, safe=""))
    if has_dot_segment(path_of(filled)):
        raise UnmappedTarget(f"the id {target_id[:64]!r} would lead out of the target's URL")
    return filled


def _with_path(base: URL, path: str) -> URL:
    """Appends a rule's path to a target's URL.

    Raises:
        UnmappedTarget: the path has a dot segment, which could lead out of the target's URL, or a
            character that a path can't have.
    """
    if not path:
        return base
    plain = unquote(path)
    if any(ord(character) < 33 or character in "\\?#\x7f" for character in plain):
        raise UnmappedTarget(f"the path {path[:64]!r} has a character that a path can't have")
    if has_dot_segment(path):
        raise UnmappedTarget(f"the path {path[:64]!r} would lead out of the target's URL")
    return base.with_path(
        base.raw_path.rstrip("/") + "/" + quote(path.lstrip("/"), safe="/%:@!$&'()*+,;=~"),
        encoded=True,
        keep_query=True,
    )
