"""Where a target is reached: its URL, from the configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from yarl import URL

from tocsin.outgoing.reach import LOCALHOST
from tocsin.plans.plan import (
    Container,
    Function,
    Integration,
    Target,
    WebsocketBroadcast,
    Workflow,
)
from tocsin.targets.settings import IntegrationSettings, TargetSettings


class UnmappedTarget(Exception):
    """No URL is configured for a target; the message says which setting would give one."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URLs of targets. `integrations` has those that are configured, by name."""

    targets: TargetSettings
    integrations: Mapping[str, IntegrationSettings]

    def url(self, target: Target) -> URL:
        """Returns the URL that a call of this target is POSTed to.

        Raises:
            UnmappedTarget: the configuration has none.
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
                return self._of_integration(target.name)

    def _of(self, kind: str, target_id: str) -> URL:
        if not target_id.strip("."):
            raise UnmappedTarget(f"the {kind} id {target_id!r} leaves its target")
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

    def _of_integration(self, name: str) -> URL:
        integration = self.integrations.get(name)
        if integration is None:
            raise UnmappedTarget(
                f"integration {name} is no longer configured: set url in [integrations.{name}]"
            )
        return URL(integration.url)


# What stands for the id in a template.
ID_FIELDS = {
    "function": "function_id",
    "container": "container_id",
    "workflow": "workflow_id",
    "websocket_broadcast": "gateway_id",
}


AUTHORITY_END = re.compile("[/?#]")
# One name between two dots of a host (RFC 1123, 2.1); `_` has no place there, but names have it.
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
# What a host ends in that is an address, as browsers tell it (WHATWG URL, "ends in a number").
NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def _filled(template: str, field: str, target_id: str) -> str:
    """Puts an id where its field stands. In a host it is one name, beside those that are written.

    Raises:
        UnmappedTarget: the id is no name that a host can have, or makes an address of it.
    """
    _, _, rest = template.partition("://")
    authority = AUTHORITY_END.split(rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    if field in host:
        name = host.replace(field, target_id).partition(":")[0].rstrip(".").lower()
        if not LABEL.fullmatch(target_id):
            raise UnmappedTarget(f"the id {target_id[:64]!r} can't be part of a host's name")
        if name == LOCALHOST or NUMBER.fullmatch(name.rpartition(".")[2]):
            raise UnmappedTarget(f"the id {target_id[:64]!r} would make an address of the host")
    return template.replace(field, quote(target_id, safe=""))


def _with_path(base: URL, path: str) -> URL:
    """Appends a rule's path, of which nothing may lead out of the target's own.

    Raises:
        UnmappedTarget: the path has a dot segment, or a character that has no place in one.
    """
    if not path:
        return base
    plain = unquote(path)
    if any(ord(character) < 33 or character in "\\?#\x7f" for character in plain):
        raise UnmappedTarget(f"the path {path[:64]!r} has a character that no path has")
    if not {".", ".."}.isdisjoint(plain.split("/")):
        raise UnmappedTarget(f"the path {path[:64]!r} leaves its target")
    return base.with_path(
        base.raw_path.rstrip("/") + "/" + quote(path.lstrip("/"), safe="/%:@!$&'()*+,;=~"),
        encoded=True,
        keep_query=True,
    )
