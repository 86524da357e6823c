"""Caches the triggers whose sources a node reads, and loads them again when they have changed."""

from collections.abc import Iterable, Mapping, Sequence

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.sources import triggers_of_kind
from tocsin.store.triggers.changes import change_numbers
from tocsin.store.triggers.rows import StoredTrigger

# Nodes of 0.1.0 do not count changes. Their notices make a node load all triggers, but a notice can
# get lost; after this time all triggers are loaded anyway.
ALL_AGAIN_SECONDS = 60.0


class PulledTriggers:
    """Holds the stored triggers of some kinds, by id."""

    def __init__(self, database: Database, kinds: Iterable[str], *, machine_clock: Clock) -> None:
        self._database = database
        self._kinds = tuple(kinds)
        self._machine_clock = machine_clock
        self._numbers: Mapping[str, int] = {}
        self._of_kind: dict[str, dict[str, StoredTrigger]] = {}
        self._all: dict[str, StoredTrigger] = {}
        self._all_again_at = float("-inf")
        self._doubts = 0
        self._doubts_cleared = 0

    def doubt(self) -> None:
        """Makes the next call load all triggers, whatever the change numbers are."""
        self._doubts += 1

    async def current(self) -> Mapping[str, StoredTrigger]:
        """Returns the triggers, after loading those of each kind whose change number has grown.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        if not self._kinds:
            return self._all
        doubts, now = self._doubts, self._machine_clock.monotonic()
        numbers = await self._database.read(change_numbers)
        if doubts != self._doubts_cleared or now >= self._all_again_at:
            await self._read(self._kinds)
            self._doubts_cleared, self._all_again_at = doubts, now + ALL_AGAIN_SECONDS
        elif numbers != self._numbers:
            await self._read(
                [kind for kind in self._kinds if numbers.get(kind) != self._numbers.get(kind)]
            )
        # The numbers were read before the triggers, so a change in between is loaded next time.
        self._numbers = numbers
        return self._all

    async def _read(self, kinds: Sequence[str]) -> None:
        def read(tx: Transaction) -> dict[str, dict[str, StoredTrigger]]:
            return {kind: {row.id: row for row in triggers_of_kind(tx, kind)} for kind in kinds}

        if kinds:
            self._of_kind |= await self._database.read(read)
            self._all = {id_: row for rows in self._of_kind.values() for id_, row in rows.items()}
