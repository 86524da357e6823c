"""Narrows a stream to what its request asks for and its caller may see."""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.access.permissions.resources import folder
from tocsin.api.tocsin.watching.recent import Item
from tocsin.gate.resources import resource_of_invocation
from tocsin.store.driver.changes import Watched
from tocsin.store.invocations.depths import OpenInvocations
from tocsin.wire import errors
from tocsin.wire.resource_names import INTEGRATION_FORMS, integration_name, parse_integration
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchRequest

KINDS = {
    WatchRequest.TOPIC_INVOCATIONS: Watched.INVOCATIONS,
    WatchRequest.TOPIC_TRIGGERS: Watched.TRIGGERS,
    WatchRequest.TOPIC_INTAKES: Watched.INTAKES,
}
ALL = frozenset({*KINDS, WatchRequest.TOPIC_COUNTS})
NARROWING = ("folder_id", "trigger_id", "integration")

Sight = Callable[[str], bool] | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Says which rows a stream is about; a field that is None does not narrow it."""

    kinds: frozenset[Watched]
    counts: bool
    parent: str | None = None
    origin: str | None = None
    only_integrations: bool = False

    def has(self, item: Item, sight: Sight) -> bool:
        """Returns whether the stream may be about an item, whatever its topics."""
        return self._has(item.parent, item.origin) and (sight is None or sight(item.resource))

    def counts_in(self, counted: OpenInvocations, sight: Sight) -> bool:
        parent, origin = counted.parent, counted.origin
        return self._has(parent, origin) and (
            sight is None or sight(resource_of_invocation(parent, origin))
        )

    def _has(self, parent: str, origin: str) -> bool:
        if self.only_integrations and "/" not in origin:
            return False
        return self.parent in (None, parent) and self.origin in (None, origin)


def scope_of(request: WatchRequest) -> Scope:
    """Returns the scope of a request.

    Raises:
        ApiError: a field contradicts another, or names nothing.
    """
    for index, number in enumerate(request.topics):
        if number not in ALL:
            raise errors.invalid_field(
                f"topics[{index}]", "must be a topic other than TOPIC_UNSPECIFIED"
            )
    given = [field for field in NARROWING if getattr(request, field)]
    if len(given) > 1:
        raise errors.invalid_field(given[1], f"must not be given together with {given[0]}")
    topics = frozenset(request.topics) or ALL
    kinds = frozenset(kind for topic, kind in KINDS.items() if topic in topics)
    scope = Scope(kinds, WatchRequest.TOPIC_COUNTS in topics)
    if request.folder_id:
        return Scope(kinds, scope.counts, parent=folder(request.folder_id))
    if request.trigger_id:
        return Scope(kinds, scope.counts, origin=request.trigger_id)
    if request.integration:
        return _of_integration(request.integration, scope)
    return scope


def _of_integration(name: str, scope: Scope) -> Scope:
    parsed = parse_integration(name)
    if parsed is None:
        raise errors.invalid_field("integration", f"must be {INTEGRATION_FORMS}")
    if parsed.means_every:
        return Scope(scope.kinds, scope.counts, parent=parsed.location, only_integrations=True)
    return Scope(
        scope.kinds, scope.counts, origin=integration_name(parsed.location, parsed.integration)
    )
