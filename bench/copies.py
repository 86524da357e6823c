"""Times backup, restore, check and move of a store with many rows, by their commands.

    python bench/copies.py [--rows 1000000]

It starts a PostgreSQL of its own, from the wheel of the tests.
"""

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from stand.services.postgres_server import PostgresServer
from tocsin.store.driver.opening import migrate_sqlite

TOCSIN = Path(sys.executable).with_name("tocsin")
MINUTE_US = 60_000_000
BEGAN_US = 1_700_000_000_000_000
PAYLOAD_BYTES = 300


def fill(path: Path, rows: int) -> None:
    """Makes a store with so many finished deliveries of a timer."""
    migrate_sqlite(path)
    connection = sqlite3.connect(path)
    action = '{"target":{"function":"d4e00000000000000001","tag":"$latest"},"retry":null}'
    with connection:
        connection.executemany(
            "INSERT INTO invocations (id, parent, origin, occurrence, state, scheduled_at, target,"
            " attempts, failures, action, payload, created_at, started_at, finished_at, answer)"
            " VALUES (?, 'folders/b1g00000000000000001', 'a1s00000000000000001', ?, 'succeeded',"
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


def timed(rows: int, name: str, *arguments: str) -> None:
    began, used = time.monotonic(), cpu_seconds()
    quiet = subprocess.DEVNULL
    subprocess.run([str(TOCSIN), *arguments], check=True, stdout=quiet, stderr=quiet)
    seconds, used = time.monotonic() - began, cpu_seconds() - used
    speed = f"{seconds:6.1f} s {rows / seconds:10,.0f} rows/s"
    sys.stdout.write(f"{name:34} {speed}, {used:6.1f} s of CPU in the command\n")
    sys.stdout.flush()


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
            fill(Path(made) / "tocsin.db", rows)
            timed(rows, "backup of SQLite", "backup", "--to", f"{made}/a.db", "--database", store)
            timed(
                rows,
                "restore into SQLite",
                "restore",
                f"{made}/a.db",
                "--database",
                f"sqlite:///{made}/restored.db",
            )
            timed(rows, "check of SQLite", "check", "--database", store)
            timed(rows, "move from SQLite to PostgreSQL", "move", "--from", store, "--to", there)
            timed(
                rows, "backup of PostgreSQL", "backup", "--to", f"{made}/b.db", "--database", there
            )
            timed(
                rows, "restore into PostgreSQL", "restore", f"{made}/b.db", "--database", restored
            )
            timed(rows, "check of PostgreSQL", "check", "--database", there)
            timed(rows, "move from PostgreSQL to SQLite", "move", "--from", there, "--to", back)
    finally:
        server.close()


if __name__ == "__main__":
    main()
