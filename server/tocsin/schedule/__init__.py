"""Computes instants: cron expressions and the clock. It does no I/O and imports no other room."""

from tocsin.schedule.clock import EARLIEST, LATEST, Clock, ManualClock, SystemClock
from tocsin.schedule.cron import Cron, CronError
from tocsin.schedule.unix_cron import UnixCron

__all__ = [
    "EARLIEST",
    "LATEST",
    "Clock",
    "Cron",
    "CronError",
    "ManualClock",
    "SystemClock",
    "UnixCron",
]
