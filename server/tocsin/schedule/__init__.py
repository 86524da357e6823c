"""When things happen: cron expressions and the clock. Pure: no I/O, nothing else of ours."""

from tocsin.schedule.clock import Clock, ManualClock, SystemClock
from tocsin.schedule.cron import Cron, CronError

__all__ = ["Clock", "Cron", "CronError", "ManualClock", "SystemClock"]
