"""What tests of several folders need."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from stand.services.postgres_server import PostgresServer

# How long an example takes tells only how busy the machine is. What hypothesis has for CI stays.
settings.register_profile(
    "tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests; each makes a database of its own in it."""
    server = PostgresServer()
    yield server
    server.close()


def pytest_configure() -> None:
    # Ignored in what a shell runs in the background, and so in all that the tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--long", action="store_true", help="tests in their long form")
    group.addoption("--seed", type=int, help="makes a run of a fault test again")
