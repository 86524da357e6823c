"""A server that is told to stop while its store is away stops all the same."""

from pathlib import Path

from stand.services.postgres_server import PostgresServer
from stand.tcp_proxy import TcpProxy
from stand.tocsin_process import serving


def test_a_stop_while_the_store_is_away_is_no_failure(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    network = TcpProxy(postgres.port)
    name = postgres.new_database().rpartition("/")[2]
    through = postgres.url(name, port=network.port)
    try:
        with serving(tmp_path, "grace = 2", "--database", through, http="off") as server:
            network.cut()
            status = server.stop()
            told = server.log.read_text()
    finally:
        network.close()
    assert status == 0
    assert "could not hand back claimed invocations" in told
