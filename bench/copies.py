"""Times the commands for a whole database, on a store with many rows.

    python bench/copies.py [--rows 1000000]

It starts a PostgreSQL of its own, from the wheel of the tests. CPU is what counts on a machine that
does other work, too: of the command, and of PostgreSQL with all its processes.
"""

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from stand.services.postgres_server import PostgresServer
from tocsin.store.driver.opening import migrate_sqlite
from tocsin.store.migrations.upgrading import HEAD

TOCSIN = Path(sys.executable).with_name("tocsin")
OF_0_1_0 = "0011"
MINUTE_US = 60_000_000
BEGAN_US = 1_700_000_000_000_000
PAYLOAD_BYTES = 300
FOLDER = "b1g00000000000000001"
KEY_FILE = "TOCSIN_ACCESS__KEY_FILE"
TICKS = os.sysconf("SC_CLK_TCK")


def fill(path: Path, rows: int, *, schema: str = HEAD) -> None:
    """Makes a store of a schema, with so many finished deliveries of a timer."""
    migrate_sqlite(path, to=schema)
    connection = sqlite3.connect(path)
    action = '{"target":{"function":"d4e00000000000000001","tag":"$latest"},"retry":null}'
    with connection:
        connection.executemany(
            "INSERT INTO invocations (id, parent, origin, occurrence, state, scheduled_at, target,"
            " attempts, failures, action, payload, created_at, started_at, finished_at, answer)"
            " VALUES (?, 'folders/{FOLDER}', 'a1s00000000000000001', ?, 'succeeded',"
            f" ?, 'function:d4e00000000000000001', 1, 0, '{action}', ?, ?, ?, ?, ?)",
            (
                (
                    f"a1s{number:017d}",
                    f"a1s00000000000000001/{number}",
                    at := BEGAN_US + number * MINUTE_US,
                    os.urandom(PAYLOAD_BYTES),
                    at,
                    at,
                    at,
                    b"done",
                )
                for number in range(rows)
            ),
        )
    connection.close()


def cpu_seconds() -> float:
    """CPU of the commands that have ended, without PostgreSQL's."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_of_server(pid: int) -> float:
    """CPU of PostgreSQL: of its first process, and of all that it has started."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            own, of_ended = fields[11:13], fields[13:15]
            if int(stat.parent.name) == pid:
                ticks += sum(map(int, (*own, *of_ended)))
            elif int(fields[1]) == pid:
                ticks += sum(map(int, own))
    return ticks / TICKS


@dataclass(frozen=True)
class Timing:
    """Runs commands, and prints what they took for so many rows."""

    rows: int
    server: int

    def run(self, name: str, *arguments: str, variables: Mapping[str, str] | None = None) -> None:
        began, used, there = time.monotonic(), cpu_seconds(), cpu_of_server(self.server)
        quiet = subprocess.DEVNULL
        subprocess.run(
            [str(TOCSIN), *arguments],
            check=True,
            stdout=quiet,
            stderr=quiet,
            env={**os.environ, **(variables or {})},
        )
        seconds, used = time.monotonic() - began, cpu_seconds() - used
        there = cpu_of_server(self.server) - there
        speed = f"{seconds:6.1f} s {self.rows / seconds:10,.0f} rows/s"
        cpu = f"CPU of the command {used:6.1f} s, of PostgreSQL {there:6.1f} s"
        sys.stdout.write(f"{name:34} {speed}, {cpu}, load {os.getloadavg()[0]:.1f}\n")
        sys.stdout.flush()


def forget(folder: Path, *names: str) -> None:
    """Deletes databases: a million rows in each of them would take ten gigabytes together."""
    for name in names:
        for file in folder.glob(f"{name}*"):
            file.unlink()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    rows: int = asked.rows
    server = PostgresServer()
    try:
        with tempfile.TemporaryDirectory() as made:
            store, back = f"sqlite:///{made}/tocsin.db", f"sqlite:///{made}/back.db"
            there, restored = server.new_database(), server.new_database()
            run = Timing(rows, server.pid).run
            at, folder = "--database", Path(made)
            fill(folder / "old.db", rows, schema=OF_0_1_0)
            run("migrate from 0.1.0 in SQLite", "migrate", at, f"sqlite:///{made}/old.db")
            forget(folder, "old.db")
            fill(folder / "tocsin.db", rows)
            run("backup of SQLite", "backup", "--to", f"{made}/a.db", at, store)
            run("restore into SQLite", "restore", f"{made}/a.db", at, f"sqlite:///{made}/r.db")
            forget(folder, "a.db", "r.db")
            run("check of SQLite", "check", at, store)
            key = {KEY_FILE: f"{made}/keys"}
            run("keys new", "keys", "new", f"{made}/keys")
            run("keys rotate in SQLite", "keys", "rotate", at, store, variables=key)
            run("move from SQLite to PostgreSQL", "move", "--from", store, "--to", there)
            forget(folder, "tocsin.db")
            run("check of PostgreSQL", "check", at, there)
            run("keys rotate in PostgreSQL", "keys", "rotate", at, there, variables=key)
            run("backup of PostgreSQL", "backup", "--to", f"{made}/b.db", at, there)
            run("move from PostgreSQL to SQLite", "move", "--from", there, "--to", back)
            server.execute("postgres", f"DROP DATABASE {there.rpartition('/')[2]}")
            reset = ("reset", "--folder", FOLDER, "--yes", at)
            run("reset in SQLite", *reset, back)
            forget(folder, "back.db")
            run("restore into PostgreSQL", "restore", f"{made}/b.db", at, restored)
            run("reset in PostgreSQL", *reset, restored)
    finally:
        server.close()


if __name__ == "__main__":
    main()
