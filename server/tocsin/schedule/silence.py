"""Says in words that a cron expression fires no more."""

from datetime import datetime

from tocsin.schedule.cron import Cron
from tocsin.schedule.instants import iso


def silence_of(cron: Cron, now: datetime) -> str | None:
    """Returns why a timer with this expression does not fire after `now`, or None if it does."""
    if cron.next(now) is not None:
        return None
    last = cron.previous(now)
    if last is None:
        return f"the timer never fires: no date fits {cron.expression!r}"
    return f"the timer never fires again: the last date of {cron.expression!r} was {iso(last)}"
