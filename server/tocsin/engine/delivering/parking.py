"""Parking: what waits for a paused trigger is parked, for a deleted one cancelled, step by step."""

from tocsin.engine.wakeup import Wakeup
from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.invocations import parking


class Parking:
    """Takes the steps that Pause, Resume and Delete leave, of any node."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._wakeup = Wakeup(clock)
        database.on(Bell.PARKING, self._wakeup.ring)

    async def run_once(self) -> None:
        """Takes one step, or waits for a walk that begins."""
        self._wakeup.listen()
        walk = await self._database.read(parking.first_walk)
        if walk is None:
            await self._wakeup.wait(None)
            return
        trigger_id, now = walk[0], self._clock.now()
        await self._database.write(lambda tx: parking.take_step(tx, trigger_id, now=now))
