"""Shows a store on hold, and releases it."""

from datetime import datetime

from tocsin.store.copying.ends.opening import open_beside, open_to_read
from tocsin.store.driver.database import StoreError
from tocsin.store.lifecycle.hold import Hold, find_hold, release
from tocsin.store.lifecycle.overdue import OverdueWork, overdue_work
from tocsin.store.lifecycle.schema import holds

LISTED = 10


async def look_at_hold(url: str, *, now: datetime) -> tuple[Hold | None, OverdueWork]:
    """Returns the hold of a store, if it is on hold, and what is overdue by `now`.

    Raises:
        StoreError: the database can't be read, or its schema is older than holds.
    """
    end = await open_to_read(url)
    try:
        if holds.name not in await end.columns():
            raise StoreError(f"{end.url} has an older schema, and can't be on hold")
        return await end.read(lambda tx: (find_hold(tx), overdue_work(tx, now=now, limit=LISTED)))
    finally:
        await end.close()


async def end_hold(url: str) -> bool:
    """Releases a store, also beside servers, which notice within a second.

    Returns False if it was not on hold.
    """
    end = await open_beside(url)
    try:
        return await end.write(release)
    finally:
        await end.close()
