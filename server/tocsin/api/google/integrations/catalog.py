"""Keeps the integrations that can be run: those of the settings, and published versions."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.compilers.integration_versions import Offer, configured_offer, offer_of
from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.versions import (
    ActiveVersion,
    StoredVersion,
    active_versions,
    versions_by_id,
)
from tocsin.targets.current import CurrentTargets
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integration_versions_pb2 import (
    PublishIntegrationVersionRequest,
)

# Bells of other nodes may get lost.
LOOKED_UP_FOR = timedelta(seconds=5)
MOST_LOCATIONS = 1000


@dataclass(frozen=True, slots=True)
class Location:
    """What can be run in a location, and what was published when it was looked up."""

    offers: Mapping[str, Offer]
    published: Mapping[ActiveVersion, Offer]
    looked_up_at: datetime


class Catalog:
    """Looks integrations up by their location.

    What it has found stays true until a version is published or taken back, on any node, of which
    the store's bell tells; at the latest after five seconds it looks again.
    """

    def __init__(self, database: Database, current: CurrentTargets, machine_clock: Clock) -> None:
        self._database = database
        self._current = current
        self._clock = machine_clock
        self._known: dict[str, Location] = {}
        self._stale: set[str] = set()
        self._looking: dict[str, asyncio.Task[Mapping[str, Offer]]] = {}
        self._changes = 0
        database.on(Bell.INTEGRATIONS, lambda _at: self._changed())
        current.on_change(self._changed)

    def _changed(self) -> None:
        self._changes += 1
        self._stale = set(self._known)
        # Whoever asks from now on must not get what is being read now.
        self._looking.clear()

    @property
    def configured(self) -> Mapping[str, object]:
        """The integrations of the settings, by their last names."""
        return self._current.integrations

    async def offers(self, location: str) -> Mapping[str, Offer]:
        """Returns what can be run in a location, by last names.

        Raises:
            StoreError: the store can't be read.
        """
        known = self._known.get(location)
        if (
            known is not None
            and location not in self._stale
            and self._clock.now() - known.looked_up_at < LOOKED_UP_FOR
        ):
            return known.offers
        looking = self._looking.get(location)
        if looking is None:
            looking = asyncio.create_task(self._look_up(location, known))
            self._looking[location] = looking
        return await asyncio.shield(looking)

    async def _look_up(self, location: str, known: Location | None) -> Mapping[str, Offer]:
        changes, now = self._changes, self._clock.now()
        earlier = {} if known is None else known.published

        def read(tx: Transaction) -> Mapping[ActiveVersion, Offer]:
            active = active_versions(tx, location)
            new = [each.id for each in active if each not in earlier]
            read_now = versions_by_id(tx, new) if new else {}
            return {
                each: earlier[each] if each in earlier else _offer(read_now[each.id])
                for each in active
                if each in earlier or each.id in read_now
            }

        try:
            published = await self._database.read(read)
        finally:
            if changes == self._changes:
                self._looking.pop(location, None)
        configured = {
            name: configured_offer(name, settings.triggers)
            for name, settings in self._current.integrations.items()
        }
        offers = {offer.name: offer for offer in published.values()} | configured
        if changes == self._changes:
            self._remember(location, Location(offers, published, now))
        return offers

    def _remember(self, location: str, found: Location) -> None:
        if location not in self._known and len(self._known) >= MOST_LOCATIONS:
            del self._known[next(iter(self._known))]
        self._known[location] = found
        self._stale.discard(location)


def _offer(stored: StoredVersion) -> Offer:
    summary = stored.summary
    request = PublishIntegrationVersionRequest.FromString(stored.published_with or b"")
    return offer_of(
        IntegrationVersion.FromString(stored.message),
        request.config_parameters,
        location=summary.location,
        integration=summary.integration,
        snapshot_number=summary.snapshot_number,
    )
