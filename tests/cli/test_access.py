"""`tocsin access`, and credentials that the commands show."""

import json
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.person import Person
from stand.tocsin_process import Tocsin, run_tocsin, serving
from tocsin_protos.tocsin.v1.access_service_pb2 import Account, AuthorizedKey, Binding, Credential
from tocsin_protos.yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenResponse


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[Tocsin, str]]:
    """A server that asks who calls, and its administrator's API key."""
    with tempfile.TemporaryDirectory() as made:
        database = f"sqlite:///{made}/tocsin.db"
        done = run_tocsin("access", "init", "--database", database)
        assert done.status == 0, done.stderr
        assert done.stderr.startswith("user account admin (aje")
        with serving(Path(made), "", "--access", http="off") as server:
            yield server, done.stdout.strip()


@pytest.fixture
def admin(secured: tuple[Tocsin, str], folder: str, tmp_path: Path) -> Person:
    server, key = secured
    return Person(server.grpc_address, folder, tmp_path, {"TOCSIN_API_KEY": key})


def test_a_service_account_gets_a_key_and_a_role_and_calls(admin: Person) -> None:
    account = admin.reads(Account, "access", "accounts", "create", "robot")
    file = admin.directory / "key.json"
    written = admin.gets("access", "keys", "create", account.id, "--to", str(file))
    key = json.loads(file.read_text())
    assert written == f"{key['id']} written to {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    subject = f"serviceAccount:{account.id}"
    resource = f"folders/{admin.folder}"
    added = admin.gets("access", "bindings", "add", subject, "editor", resource)
    assert added == f"{subject} is editor on {resource}\n"

    nobody = admin.with_variables()
    created = nobody.types("access", "tokens", "create", "--key", str(file))
    assert created.stderr.startswith("valid until 20")
    robot = admin.with_variables(TOCSIN_IAM_TOKEN=created.stdout.strip())
    assert robot.gets("triggers", "list") != ""
    status, lines = robot.is_refused("triggers", "list", "--folder", "others")
    assert (status, lines[0].split(":")[1]) == (1, " PERMISSION_DENIED")
    assert robot.gets("access", "tokens", "revoke") == f"token of {account.id} revoked\n"
    _, lines = robot.is_refused("triggers", "list")
    assert lines == ["tocsin: UNAUTHENTICATED: Token is invalid or has expired."]


def test_a_person_gets_an_oauth_token_and_an_iam_token_for_it(admin: Person) -> None:
    account = admin.reads(Account, "access", "accounts", "create", "ann", "--user")
    made = admin.types("access", "oauth-tokens", "create", account.id)
    ann = admin.with_variables(TOCSIN_OAUTH_TOKEN=made.stdout.strip())
    token = ann.reads(CreateIamTokenResponse, "access", "tokens", "create")
    assert token.iam_token.startswith("t1.")
    assert token.HasField("expires_at")


def test_what_there_is_is_listed_shown_and_deleted(admin: Person) -> None:
    account = admin.reads(Account, "access", "accounts", "create", "robot")
    admin.gets("access", "bindings", "add", f"serviceAccount:{account.id}", "viewer", "folders/f")
    secret = admin.types("access", "api-keys", "create", account.id, "--description", "ci").stdout
    admin.gets("access", "keys", "create", account.id)

    assert admin.reads_list(Account, "access", "accounts", "list") == [account]
    assert account.id in admin.gets("access", "accounts", "list")
    assert f"serviceAccount:{account.id}" in admin.gets("access", "accounts", "get", account.id)
    [key] = admin.reads_list(AuthorizedKey, "access", "keys", "list", account.id)
    [api_key] = admin.reads_list(Credential, "access", "api-keys", "list", account.id)
    assert api_key.description == "ci"
    assert admin.reads_list(Credential, "access", "oauth-tokens", "list", account.id) == []
    [binding] = admin.reads_list(
        Binding, "access", "bindings", "list", "--subject", f"serviceAccount:{account.id}"
    )
    assert (binding.role, binding.resource) == ("viewer", "folders/f")
    assert secret.strip() not in admin.gets("access", "api-keys", "list", account.id)

    assert admin.gets("access", "keys", "delete", key.id) == f"{key.id} deleted\n"
    assert admin.gets("access", "api-keys", "delete", api_key.id) == f"{api_key.id} deleted\n"
    admin.gets("access", "bindings", "remove", binding.subject, binding.role, binding.resource)
    admin.gets("access", "accounts", "revoke-tokens", account.id)
    assert admin.gets("access", "accounts", "delete", account.id) == f"{account.id} deleted\n"
    assert admin.reads_list(Account, "access", "accounts", "list") == []


def test_without_a_credential_it_is_told_which_to_set(admin: Person) -> None:
    status, lines = admin.with_variables().is_refused("triggers", "list")
    assert status == 1
    assert lines == [
        "tocsin: UNAUTHENTICATED: the server requires a credential: "
        "set TOCSIN_API_KEY or TOCSIN_IAM_TOKEN"
    ]


def test_a_credential_does_not_go_to_another_machine_in_the_clear(admin: Person) -> None:
    for server in ("192.0.2.1:50051", "tocsin.example.com:50051", "[2001:db8::1]:50051"):
        status, [line] = admin.is_refused("triggers", "list", "--server", server)
        assert status == 2
        assert line.startswith(f"tocsin: {server} is another machine, and without TLS")
        assert admin.variables["TOCSIN_API_KEY"] not in line


def test_two_credentials_are_one_too_many(admin: Person) -> None:
    both = admin.with_variables(TOCSIN_API_KEY="a", TOCSIN_IAM_TOKEN="b")
    status, lines = both.is_refused("triggers", "list")
    assert status == 2
    assert lines == ["tocsin: TOCSIN_API_KEY and TOCSIN_IAM_TOKEN are both set: unset one of them"]


def test_a_key_file_that_is_there_is_not_written_over(admin: Person) -> None:
    account = admin.reads(Account, "access", "accounts", "create", "robot")
    there = admin.writes("key.json", "precious")
    status, lines = admin.is_refused("access", "keys", "create", account.id, "--to", there)
    assert (status, lines) == (2, [f"tocsin: {there}: already exists"])
    assert admin.reads_list(AuthorizedKey, "access", "keys", "list", account.id) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id": "a", "service_account_id": "b"}', "x"])
def test_what_is_no_key_file_is_refused(admin: Person, text: str) -> None:
    file = admin.writes("key.json", text)
    status, lines = admin.is_refused("access", "tokens", "create", "--key", file)
    assert (status, lines) == (2, [f"tocsin: {file}: must be a key file of a service account"])


def test_init_makes_one_administrator_by_each_name(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/tocsin.db"
    first = run_tocsin("access", "init", "--database", database)
    second = run_tocsin("access", "init", "--database", database)
    third = run_tocsin("access", "init", "--database", database, "--name", "other")
    assert (first.status, second.status, third.status) == (0, 1, 0)
    assert len(first.stdout.splitlines()) == 1
    assert second.stdout == ""
    assert "a user account named admin already exists" in second.stderr
    assert first.stdout != third.stdout


def test_init_writes_the_key_for_its_owner_alone(tmp_path: Path) -> None:
    init = ("access", "init", "--database", f"sqlite:///{tmp_path}/tocsin.db", "--to")
    key, other = tmp_path / "admin-key", tmp_path / "other"
    done = run_tocsin(*init, str(key))
    assert (done.status, done.stdout) == (0, "")
    assert key.stat().st_mode & 0o777 == 0o600
    [secret] = key.read_text().splitlines()
    again = run_tocsin(*init, str(key), "--name", "second")
    assert (again.status, again.stderr) == (2, f"tocsin: {key}: already exists\n")
    assert key.read_text() == secret + "\n"
    # What makes no account leaves no file, and what can be written nowhere makes no account.
    assert run_tocsin(*init, str(other)).status == 1
    assert not other.exists()
    assert run_tocsin(*init, str(tmp_path / "no" / "where"), "--name", "second").status == 2
    assert run_tocsin(*init, str(other), "--name", "second").status == 0


def test_init_does_not_reach_into_a_database_that_is_served(tmp_path: Path) -> None:
    with serving(tmp_path, http="off"):
        done = run_tocsin("access", "init", "--database", f"sqlite:///{tmp_path}/tocsin.db")
    assert done.status == 1
    assert "another tocsin is using" in done.stderr


def test_without_access_control_there_is_nothing_to_keep(person: Person) -> None:
    status, [line] = person.is_refused("access", "accounts", "list")
    assert status == 1
    assert line == (
        "tocsin: FAILED_PRECONDITION: Access control is off, so there are no accounts; start the "
        "server with --access"
    )
