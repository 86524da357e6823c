"""Tocsin keeps every clause of its own suite, in each of its forms."""

from pathlib import Path

from conformance.suite import Subject, guarded_server, open_server
from stand.services.postgres_server import PostgresServer


def holds_all(subject: Subject, *options: str) -> None:
    done = subject.check(*options)
    assert done.status == 0, done.stdout + done.stderr
    assert "\nThe server conforms: " in done.stdout


def test_over_sqlite_with_envoy(tmp_path: Path) -> None:
    with open_server(tmp_path) as subject:
        holds_all(subject)


def test_over_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    with open_server(tmp_path, "--database", postgres.new_database()) as subject:
        holds_all(subject)


def test_over_tls_with_access_control(tmp_path: Path) -> None:
    with guarded_server(tmp_path) as (everything, something):
        rest = ("schedule", "executions", "transcoding")
        holds_all(everything, *profiles("triggers", "operations", *rest))
        holds_all(something, *profiles("access"))


def profiles(*names: str) -> list[str]:
    return [word for name in names for word in ("--profile", name)]
