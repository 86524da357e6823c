"""How much of the processor processes have used, which counts on a busy machine too."""

import os
import time
from contextlib import suppress
from pathlib import Path

# The kernel's clock of a process by its id: CPUCLOCK_SCHED of include/linux/posix-timers.h, which
# clock_getcpuclockid(3) returns. It counts nanoseconds, where /proc counts hundredths of a second.
CPU_CLOCK = 2
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Returns what a process has used since its start, all its threads, without its children."""
    return time.clock_gettime(~pid << 3 | CPU_CLOCK)


def cpu_seconds_of_family(pid: int) -> float:
    """Returns what a process and all that it started have used."""
    used = cpu_seconds(pid) + sum(stat(pid)[13:15]) / CLOCK_TICKS
    for child in children_of(pid):
        with suppress(OSError):  # it has ended meanwhile
            used += cpu_seconds(child)
    return used


def children_of(pid: int) -> list[int]:
    """Returns the processes that a process has started and that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                told = stat(int(entry.name))
            except OSError:  # it has ended meanwhile
                continue
            if told[1] == pid:
                found.append(int(entry.name))
    return found


def stat(pid: int) -> list[int]:
    """Returns what /proc tells of a process, from its parent on (see proc_pid_stat(5))."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, told[1:])]
