"""Gathers the states of the sources that this node reads, and writes them once a second."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from tocsin.engine.observer import Observer
from tocsin.printable import printable
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.sources import SourceState, write_source_state
from tocsin.store.triggers.rows import find_trigger

LONGEST_ERROR = 500
WRITTEN_EACH_SECONDS = 1.0


class Standings:
    """Keeps the state of each trigger's source; `machine_clock` times its pauses."""

    def __init__(
        self, database: Database, clock: Clock, observer: Observer, *, machine_clock: Clock
    ) -> None:
        self._database = database
        self._clock = clock
        self._observer = observer
        self._machine_clock = machine_clock
        self._kinds: dict[str, str] = {}
        self._states: dict[str, SourceState] = {}
        self._changed: set[str] = set()
        self._news = asyncio.Event()
        self._reported: dict[str, bool] = {}

    def begin(self, kind: str, trigger_id: str) -> None:
        """Begins the state of a trigger that this node reads."""
        self._kinds.setdefault(trigger_id, kind)

    def end(self, trigger_id: str) -> None:
        """Ends the state of a trigger that this node no longer reads."""
        if self._kinds.pop(trigger_id, None) is not None:
            self._set(trigger_id, replace(self._state(trigger_id), connected=False))

    def connected(self, trigger_id: str) -> None:
        state = self._states.get(trigger_id)
        if state is None or not state.connected:
            self._set(trigger_id, replace(self._state(trigger_id), connected=True))

    def received(self, trigger_id: str) -> None:
        now = self._clock.now()
        self._set(trigger_id, replace(self._state(trigger_id), last_event_at=now))

    def failed(
        self, trigger_id: str, error: str, *, connected: bool = False, refused: int = 0
    ) -> bool:
        """Records an error; returns whether it differs from the last one."""
        before = self._state(trigger_id)
        after = replace(
            before,
            connected=connected,
            # Services put what they like into errors, but no store takes NUL or half a character.
            last_error=printable(error)[:LONGEST_ERROR],
            last_error_at=self._clock.now(),
            refused=before.refused + refused,
        )
        self._set(trigger_id, after)
        last = (before.connected, before.last_error)
        return before.last_error_at is None or last != (after.connected, after.last_error)

    async def run_once(self) -> None:
        """Waits for changed states, writes them, and pauses."""
        await self._news.wait()
        self._news.clear()
        self._report()
        changed, self._changed = self._changed, set()
        states = {trigger_id: self._states[trigger_id] for trigger_id in sorted(changed)}
        try:
            gone = await self._database.write(lambda tx: _write(tx, states))
        except BaseException:
            self._changed |= changed
            self._news.set()
            raise
        for trigger_id, written in states.items():
            now = self._states[trigger_id]
            self._states[trigger_id] = replace(now, refused=now.refused - written.refused)
            if trigger_id in gone or trigger_id not in self._kinds:
                del self._states[trigger_id]
                self._changed.discard(trigger_id)
        await self._machine_clock.sleep(WRITTEN_EACH_SECONDS)

    def _report(self) -> None:
        healthy = dict.fromkeys(self._reported, True)
        for trigger_id, kind in self._kinds.items():
            state = self._states.get(trigger_id)
            failing = state is not None and not state.connected and state.last_error is not None
            healthy[kind] = healthy.get(kind, True) and not failing
        for kind, well in healthy.items():
            if self._reported.get(kind) != well:
                self._observer.source_stands(kind, healthy=well)
        self._reported = healthy

    def _state(self, trigger_id: str) -> SourceState:
        return self._states.get(trigger_id) or SourceState()

    def _set(self, trigger_id: str, state: SourceState) -> None:
        self._states[trigger_id] = state
        self._changed.add(trigger_id)
        self._news.set()


def _write(tx: Transaction, states: Mapping[str, SourceState]) -> set[str]:
    """Writes states; returns the ids of triggers that no longer exist."""
    gone = set()
    for trigger_id, state in states.items():
        if find_trigger(tx, trigger_id) is None:
            gone.add(trigger_id)
        else:
            write_source_state(tx, trigger_id, state)
    return gone
