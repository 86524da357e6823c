"""Contexts: servers that have a name, and a key that reaches no server but its own."""

import json
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stand.tocsin_process import TOCSIN, Ended, Tocsin, clean_environment, run_tocsin, serving

Run = Callable[..., Ended]
NOBODY = "127.0.0.1:1"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tocsin, str]]:
    """A server with access control, and the API key of its administrator."""
    folder = tmp_path_factory.mktemp("guarded")
    key = run_tocsin("access", "init", "--database", f"sqlite:///{folder}/tocsin.db").stdout.strip()
    with serving(folder, "", "--access", http="off") as server:
        yield server, key


@pytest.fixture
def tocsin(tmp_path: Path) -> Run:
    """Runs a command with a file of contexts of its own."""

    def run(*words: str, **variables: str) -> Ended:
        file = {"TOCSIN_CONTEXTS": str(tmp_path / "own" / "contexts.json")}
        return run_tocsin(*words, environment={**file, **variables})

    return run


def test_a_context_carries_server_folder_and_key(
    tocsin: Run, guarded: tuple[Tocsin, str], tmp_path: Path
) -> None:
    server, key = guarded
    given = ["--server", server.grpc_address, "--folder", "f1", "--with-api-key"]
    added = tocsin("context", "add", "prod", *given, TOCSIN_API_KEY=key)
    assert (added.status, added.stderr) == (0, "")
    assert key not in added.stdout
    file = tmp_path / "own" / "contexts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert json.loads(file.read_text())["current"] == "prod"
    listed = tocsin("triggers", "list")
    assert listed.status == 0, listed.stderr
    asked = tocsin("whoami")
    assert "userAccount:" in asked.stdout
    assert "admin on *" in asked.stdout
    assert key not in tocsin("context", "list").stdout


def test_the_key_of_a_context_reaches_no_other_server(
    tocsin: Run, guarded: tuple[Tocsin, str]
) -> None:
    server, key = guarded
    tocsin(*("context", "add", "other", "--server", NOBODY, "--with-api-key"), TOCSIN_API_KEY=key)
    typed = tocsin("whoami", "--server", server.grpc_address)
    assert "UNAUTHENTICATED" in typed.stderr
    set_apart = tocsin("whoami", TOCSIN_SERVER=server.grpc_address)
    assert "UNAUTHENTICATED" in set_apart.stderr
    assert NOBODY in tocsin("whoami").stderr


def test_a_typed_context_is_stronger_than_variables(
    tocsin: Run, guarded: tuple[Tocsin, str]
) -> None:
    server, key = guarded
    given = ["--server", server.grpc_address, "--with-api-key"]
    tocsin("context", "add", "prod", *given, TOCSIN_API_KEY=key)
    variables = {"TOCSIN_SERVER": NOBODY, "TOCSIN_IAM_TOKEN": "t1.wrong"}
    done = tocsin("--context", "prod", "whoami", **variables)
    assert done.status == 0, done.stderr
    both = tocsin("--context", "prod", "whoami", "--server", NOBODY)
    assert both.status == 2
    assert "two servers" in both.stderr


def test_contexts_are_chosen_replaced_and_removed(tocsin: Run) -> None:
    tocsin("context", "add", "a", "--server", "127.0.0.1:1")
    assert "a stays in use" in tocsin("context", "add", "b", "--server", "127.0.0.1:2").stderr
    assert "127.0.0.1:1" in tocsin("health").stderr
    assert "127.0.0.1:2" in tocsin("health", TOCSIN_CONTEXT="b").stderr
    assert tocsin("context", "use", "b").status == 0
    assert "127.0.0.1:2" in tocsin("health").stderr
    tocsin("context", "add", "b", "--server", "127.0.0.1:3")
    assert "127.0.0.1:3" in tocsin("health").stderr
    assert tocsin("context", "remove", "b").status == 0
    assert "127.0.0.1:50051" in tocsin("triggers", "list", "--folder", "f").stderr
    gone = tocsin("context", "use", "b")
    assert (gone.status, gone.stderr) == (2, "tocsin: no context is named b: there is a\n")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"current": 1, "contexts": {"a": {}}}', "{"])
def test_a_file_that_is_wrong_is_named_and_keeps_no_server_from_starting(
    tocsin: Run, tmp_path: Path, text: str
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "contexts.json").write_text(text)
    asked = tocsin("health")
    assert asked.status == 2
    assert "contexts.json is not as `tocsin context` writes it" in asked.stderr
    assert tocsin("version").status == 0
    assert "contexts.json" not in tocsin("config", "check").stderr


def test_a_key_that_others_can_read_is_refused(tocsin: Run, tmp_path: Path) -> None:
    given = ["--server", NOBODY, "--with-api-key"]
    tocsin("context", "add", "prod", *given, TOCSIN_API_KEY="secret")
    (tmp_path / "own" / "contexts.json").chmod(0o644)
    asked = tocsin("whoami")
    assert asked.status == 2
    assert "chmod 600" in asked.stderr


def test_health_tells_by_its_status_whether_a_server_serves(tmp_path: Path, tocsin: Run) -> None:
    with serving(tmp_path, http="off") as server:
        done = tocsin("health", "--server", server.grpc_address, "--wait", "10s")
        assert (done.status, done.stdout) == (0, "SERVING\n")
    gone = tocsin("health", "--server", server.grpc_address)
    assert gone.status == 1
    assert "UNAVAILABLE" in gone.stderr
    assert tocsin("health", "--wait", "soon").status == 2


def completed(words: str, **variables: str) -> Ended:
    """What a shell is told when somebody presses Tab at the end of the words."""
    asked = {"_TOCSIN_COMPLETE": "complete_bash", "COMP_WORDS": words}
    environment = {**asked, "COMP_CWORD": str(len(words.split())), **variables}
    done = subprocess.run(
        [TOCSIN], capture_output=True, text=True, check=False, env=clean_environment(environment)
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_names_are_completed_and_trouble_is_silent(tmp_path: Path) -> None:
    timer = "{cronExpression: 0 3 * * ? *, invokeFunction: {functionId: f}}"
    (tmp_path / "nightly.yaml").write_text(f"name: nightly\nrule: {{timer: {timer}}}\n")
    with serving(tmp_path, http="off") as server:
        variables = {"TOCSIN_SERVER": server.grpc_address, "TOCSIN_FOLDER": "f1"}
        file = str(tmp_path / "nightly.yaml")
        created = run_tocsin("triggers", "create", "-f", file, environment=variables)
        assert created.status == 0, created.stderr
        # A machine that is busy for longer than the shell's patience gets nothing; it asks again.
        answers = (completed("tocsin triggers get", **variables) for _ in range(5))
        done = next(answer for answer in answers if answer.stdout)
        assert (done.stdout.split(), done.stderr) == (["nightly"], "")
    done = completed("tocsin triggers get", **variables)
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_each_command_of_a_client_says_where_its_credential_comes_from() -> None:
    for command in ("triggers list", "access accounts list", "whoami", "health", "schedule"):
        shown = run_tocsin(*command.split(), "--help").stdout
        assert "TOCSIN_API_KEY" in shown, command


@pytest.mark.parametrize("server", ["http://127.0.0.1:8080", "https://tocsin.example.com"])
def test_a_url_is_not_taken_for_the_address_of_grpc(tocsin: Run, server: str) -> None:
    for words in (("whoami",), ("context", "add", "prod")):
        refused = tocsin(*words, "--server", server)
        assert (refused.status, refused.stdout) == (2, "")
        assert "--server: must be HOST:PORT of gRPC" in refused.stderr
    assert tocsin("context", "list").stdout == ""
