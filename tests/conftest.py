"""What tests of several folders need."""

from collections.abc import Iterator

import pytest

from postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests; each makes a database of its own in it."""
    server = PostgresServer()
    yield server
    server.close()
