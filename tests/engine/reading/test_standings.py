"""How a source stands can be stored, whatever the source says of itself."""

from typing import Any

from tocsin.engine.observer import UNOBSERVED
from tocsin.engine.reading.standings import LONGEST_ERROR, Standings
from tocsin.schedule import SystemClock


def test_an_error_of_a_source_holds_nothing_that_a_store_refuses() -> None:
    database: Any = None
    standings = Standings(database, SystemClock(), UNOBSERVED, machine_clock=SystemClock())
    standings.failed("t", "half \ud800, nul \0, escape \x1b" + "я" * LONGEST_ERROR)
    error = standings._states["t"].last_error
    assert error is not None
    assert error.startswith("half \\ud800, nul \\x00, escape \\x1b")
    assert len(error) == LONGEST_ERROR
    error.encode()
