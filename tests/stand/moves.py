"""`tocsin move`, as a real process that is killed while rows are on their way."""

import signal
import sqlite3
import tempfile
import time
from pathlib import Path

import asyncpg

from stand.services.postgres_server import of_servers
from stand.tocsin_process import TOCSIN, clean_environment, run_tocsin, started

BEGUN = "SELECT count(*) FROM copied_tables"
PROGRESS = "SELECT rows FROM copied_tables WHERE name = '{table}' AND position IS NOT NULL"
NOT_THERE_YET = (sqlite3.OperationalError, asyncpg.UndefinedTableError)
BETWEEN_LOOKS = 0.01
# It has little time where the machine is busy.
PATIENCE = 120


def moved(source: str, destination: str, *options: str) -> tuple[int, str, str]:
    """Runs a move to its end; returns its exit status and what it wrote."""
    ended = run_tocsin("move", "--from", source, "--to", destination, *options)
    return ended.status, ended.stdout, ended.stderr


def kill_a_move(source: str, destination: str, *, within: str) -> int:
    """Begins a move and kills it, with -9, when a part of a table is copied; returns how many rows.

    The table needs so many rows that they are moved in several transactions.
    """
    command = [str(TOCSIN), "move", "--from", source, "--to", destination]
    with (
        tempfile.TemporaryFile("w+") as said,
        started(command, said, clean_environment({})) as move,
    ):
        give_up = time.monotonic() + PATIENCE
        copied = 0
        while move.poll() is None and time.monotonic() < give_up:
            if _first(destination, BEGUN):
                # From here on it stands still while it is looked at.
                move.send_signal(signal.SIGSTOP)
                copied = _first(destination, PROGRESS.format(table=within))
                if copied:
                    break
                move.send_signal(signal.SIGCONT)
            time.sleep(BETWEEN_LOOKS)
        move.kill()
        status = move.wait(PATIENCE)
        said.seek(0)
        assert copied, f"it was not seen under way, and ended with {status}: {said.read()}"
    return copied


def _first(url: str, statement: str) -> int:
    """Returns the number that a statement asks for; 0 if there is none yet."""
    try:
        if not url.startswith("sqlite"):
            rows = of_servers(url, statement)
        else:
            path = Path(url.removeprefix("sqlite:///"))
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0)
            try:
                rows = connection.execute(statement).fetchall()
            finally:
                connection.close()
    except NOT_THERE_YET:
        return 0
    return int(rows[0][0]) if rows else 0
