"""`tocsin apply` names the file and the line of each error of a document, whatever the server."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.person import Person
from stand.tocsin_process import run_tocsin, serving


class Wrong(NamedTuple):
    """A document, the line of its file to blame, and words of the error."""

    text: str
    line: int
    words: str


TIMER = "rule: {timer: {cronExpression: 0 9 1 1 ? *, invokeFunction: {functionId: f}}}\n"
SCHEDULE = "integration: a\ncronExpression: 0 9 1 1 ?\n"
# Wrong wherever it is applied.
ANYWHERE = {
    "a kind": Wrong("name: x\nkind: Pod\n", 3, "kind: must be one of"),
    "no kind": Wrong("name: x\nkind: null\n", 3, "not null"),
    "a field": Wrong("kind: Schedule\nnaem: x\n" + SCHEDULE, 3, "unknown field"),
    "a name": Wrong("kind: Integration\nname: projects/x\n", 3, "name: INVALID_ARGUMENT: "),
    "a location": Wrong(
        "kind: Schedule\nname: projects/x/schedules/y\n" + SCHEDULE, 3, "name: INVALID_ARGUMENT: "
    ),
    "a schedule's name": Wrong("kind: Schedule\nname: A B\n" + SCHEDULE, 3, "schedule_id: must"),
    "a schedule's zone": Wrong(
        "kind: Schedule\nname: s\n" + SCHEDULE + "timeZone: Mars\n", 6, "time_zone: 'Mars'"
    ),
    "a schedule's note": Wrong(
        f"kind: Schedule\nname: noted\n{SCHEDULE}pause:\n  note: {'x' * 1025}\n", 7, "note: Length"
    ),
    "an integration": Wrong("kind: Integration\nname: x\n", 2, "trigger_configs: must have"),
    "two integrations": Wrong(
        "kind: Integration\nname: x\n---\nkind: Integration\nname: x\n", 6, "is in {file}:2 already"
    ),
    "two schedules": Wrong(
        f"kind: Schedule\nname: x\n{SCHEDULE}---\nkind: Schedule\nname: x\n{SCHEDULE}",
        8,
        "is in {file}:2 already",
    ),
    "two accounts": Wrong(
        "kind: ServiceAccount\nname: robot\n---\nkind: ServiceAccount\nname: robot\n",
        6,
        "is in {file}:2 already",
    ),
    "a trigger": Wrong("name: X\n" + TIMER, 2, "name: "),
    "a trigger's folder": Wrong(
        f"name: nightly\nfolderId: {'x' * 51}\n{TIMER}", 3, "folder_id: Length"
    ),
    "two triggers": Wrong(f"name: abc\n{TIMER}---\nname: abc\n{TIMER}", 5, "is in {file}:2 alr"),
}
# Wrong because of what the server has, or is.
NEEDS = "kind: needs access control, which is off"
OPEN = {
    "an account": Wrong("name: robot\nkind: ServiceAccount\n", 3, NEEDS),
    "a binding": Wrong("kind: Binding\nsubject: serviceAccount:a\nrole: viewer\n", 2, NEEDS),
    "an account of another folder": Wrong(
        "kind: ServiceAccount\nname: robot\nfolderId: other\n", 2, NEEDS
    ),
}
SECURED = {
    "an account": Wrong("kind: ServiceAccount\nname: BAD NAME\n", 3, "name: must have 3 to 63"),
    "a subject": Wrong("kind: Binding\nsubject: x\nrole: viewer\n", 3, "subject: must be"),
    "no such account": Wrong(
        "kind: Binding\nrole: viewer\nsubject: serviceAccount:gone\n", 4, "account does not exist"
    ),
    "a role": Wrong("kind: Binding\nsubject: allAuthenticatedUsers\nrole: x\n", 4, "role: must"),
    "a resource": Wrong(
        "kind: Binding\nsubject: allAuthenticatedUsers\nrole: viewer\nresource: x\n",
        5,
        "resource: must be",
    ),
}
CASES = [
    *(("open", name, wrong) for name, wrong in {**ANYWHERE, **OPEN}.items()),
    *(("secured", name, wrong) for name, wrong in {**ANYWHERE, **SECURED}.items()),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, tuple[str, str]]]:
    """The address of a server of each mode, and a key for it."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        done = run_tocsin("access", "init", "--database", f"sqlite:///{second}/tocsin.db")
        with (
            serving(Path(first), http="off") as unguarded,
            serving(Path(second), "", "--access", http="off") as secured,
        ):
            yield {
                "open": (unguarded.grpc_address, ""),
                "secured": (secured.grpc_address, done.stdout.strip()),
            }


def person_of(
    servers: dict[str, tuple[str, str]], mode: str, folder: str, directory: Path
) -> Person:
    address, key = servers[mode]
    variables = {"TOCSIN_LOCATION": f"projects/p-{folder}/locations/local"}
    if key:
        variables["TOCSIN_API_KEY"] = key
    return Person(address, folder, directory, variables)


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [(mode, wrong) for mode, _, wrong in CASES],
    ids=[f"{mode}, {name}" for mode, name, _ in CASES],
)
def test_an_error_of_a_document_names_its_file_and_its_line(
    servers: dict[str, tuple[str, str]], mode: str, wrong: Wrong, folder: str, tmp_path: Path
) -> None:
    person = person_of(servers, mode, folder, tmp_path)
    file = person.writes("wrong.yaml", "# a comment\n" + wrong.text)
    done = person.types("apply", "-f", file)
    assert done.status == 1
    assert f"{file}:{wrong.line}: " in done.stderr, done.stderr
    assert wrong.words.replace("{file}", file) in done.stderr, done.stderr
    lines = done.stderr.splitlines()
    assert all(file in line or "changes failed" in line for line in lines), done.stderr


def test_all_that_a_server_without_access_control_can_not_have_is_told_and_nothing_is_written(
    servers: dict[str, tuple[str, str]], folder: str, tmp_path: Path
) -> None:
    person = person_of(servers, "open", folder, tmp_path)
    documents = [each.text for each in OPEN.values()]
    text = "---\n".join([*documents, f"name: nightly\n{TIMER}"])
    file = person.writes("all.yaml", text)
    code, lines = person.is_refused("apply", "-f", file)
    assert code == 1
    assert [line.split(":")[2] for line in lines] == ["2", "4", "8"]
    assert person.gets("export", "--kind", "all") == ""


def test_an_account_without_a_folder_is_an_error_of_its_document(
    servers: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    person = person_of(servers, "open", "", tmp_path)
    for text, field in (
        ("kind: ServiceAccount\nname: robot\n", "folder_id"),
        ("kind: Binding\nsubject: allAuthenticatedUsers\nrole: viewer\n", "resource"),
    ):
        file = person.writes("a.yaml", text)
        code, [line] = person.is_refused("apply", "-f", file)
        assert (code, line.startswith(f"tocsin: {file}:1: {field}: is missing")) == (1, True)


def test_a_change_that_is_not_allowed_names_its_document_too(
    servers: dict[str, tuple[str, str]], folder: str, tmp_path: Path
) -> None:
    person = person_of(servers, "secured", folder, tmp_path)
    person.gets("access", "accounts", "create", "reader")
    [account] = json.loads(person.gets("access", "accounts", "list", "-o", "json"))
    subject = f"serviceAccount:{account['id']}"
    key = person.types("access", "api-keys", "create", account["id"]).stdout.strip()
    reader = person.with_variables(**{**person.variables, "TOCSIN_API_KEY": key})
    person.gets("access", "bindings", "add", subject, "viewer", f"folders/{folder}")
    file = person.writes("a.yaml", f"# a comment\nname: nightly\n{TIMER}")
    done = reader.types("apply", "-f", file)
    [line, last] = done.stderr.splitlines()
    assert f"PERMISSION_DENIED: trigger nightly in {folder}: {file}:2: " in line
    assert "1 of 1 changes failed" in last
    file = person.writes("a.yaml", f"name: nightly\nfolderId: elsewhere\n{TIMER}")
    code, [line] = reader.is_refused("apply", "-f", file)
    assert code == 1
    assert line.startswith(f"tocsin: {file}:2: folder_id: PERMISSION_DENIED")


def test_prune_says_in_one_line_that_it_deletes_triggers_alone(
    servers: dict[str, tuple[str, str]], folder: str, tmp_path: Path
) -> None:
    person = person_of(servers, "open", folder, tmp_path)
    text = f"name: nightly\n{TIMER}---\nkind: Schedule\nname: s\n{SCHEDULE}"
    options = ("--prune", "--selector", "repository=shop", "--yes")
    done = person.types("apply", "-f", person.writes("a.yaml", text), *options)
    [line] = done.stderr.splitlines()
    assert (done.status, "--prune deletes triggers alone" in line) == (0, True)
    again = person.writes("a.yaml", f"name: nightly\n{TIMER}")
    assert person.types("apply", "-f", again, *options).stderr == ""
