"""`tocsin apply` with what is not a trigger: accounts, bindings, integrations and schedules."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.person import Person
from stand.tocsin_process import Tocsin, run_tocsin, serving

ALL = """\
kind: ServiceAccount
name: robot
---
kind: Binding
subject: serviceAccount:robot
role: viewer
---
kind: Integration
name: nightly
description: sends reports
triggerConfigs:
  - triggerId: api_trigger/nightly
taskConfigs:
  - task: GenericRestV2Task
    parameters: {url: {value: {stringValue: "http://127.0.0.1:1/"}}}
---
kind: Schedule
name: mornings
integration: nightly
cronExpression: 0 9 ? * MON-FRI
timeZone: Europe/Berlin
pause: {note: not yet}
---
name: timer
rule:
  timer:
    cronExpression: 0 3 1 1 ? 2099
    invokeFunction: {functionId: f}
"""


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[Tocsin, str]]:
    with tempfile.TemporaryDirectory() as made:
        done = run_tocsin("access", "init", "--database", f"sqlite:///{made}/tocsin.db")
        with serving(Path(made), "", "--access", http="off") as server:
            yield server, done.stdout.strip()


@pytest.fixture
def person(secured: tuple[Tocsin, str], folder: str, tmp_path: Path) -> Person:
    server, key = secured
    variables = {"TOCSIN_API_KEY": key, "TOCSIN_LOCATION": f"projects/p-{folder}/locations/local"}
    return Person(server.grpc_address, folder, tmp_path, variables)


def test_all_kinds_are_made_in_their_order_and_a_second_run_changes_nothing(
    person: Person,
) -> None:
    file = person.writes("all.yaml", ALL)
    plan = person.gets("apply", "-f", file)
    assert plan.endswith(
        "5 to create, 0 to change, 0 to delete, 0 unchanged.\nDone: 5 changes made.\n"
    )
    [robot] = json.loads(person.gets("access", "accounts", "list", "-o", "json"))
    resource = f"folders/{person.folder}"
    listed = person.gets("access", "bindings", "list", "--resource", resource, "-o", "json")
    bound = json.loads(listed)
    assert [(each["subject"], each["role"]) for each in bound] == [
        (f"serviceAccount:{robot['id']}", "viewer")
    ]
    [schedule] = json.loads(person.gets("schedules", "list", "-o", "json"))
    assert schedule["pause"]["note"] == "not yet"
    assert schedule["triggerId"] == "api_trigger/nightly"
    again = person.gets("apply", "-f", file)
    assert again == "Plan: 0 to create, 0 to change, 0 to delete, 5 unchanged.\n"


def test_a_changed_integration_gets_a_version_and_a_changed_schedule_its_fields(
    person: Person,
) -> None:
    person.gets("apply", "-f", person.writes("all.yaml", ALL))
    changed = ALL.replace("sends reports", "sends more").replace("0 9 ?", "0 10 ?")
    plan = person.gets("apply", "-f", person.writes("all.yaml", changed))
    assert "    -description: sends reports\n    +description: sends more\n" in plan
    assert "Plan: 0 to create, 2 to change, 0 to delete, 3 unchanged.\n" in plan
    versions = json.loads(person.gets("integrations", "get", "nightly", "-o", "json"))
    assert [each["state"] for each in versions].count("ACTIVE") == 1
    assert len(versions) == 2


def test_what_may_surprise_of_a_schedule_is_noted_when_it_is_written(person: Person) -> None:
    file = person.writes("all.yaml", ALL.replace("0 9 ? * MON-FRI", "30 2 ? * 1-5"))
    done = person.types("apply", "-f", file)
    assert done.status == 0
    days, clocks = [line for line in done.stderr.splitlines() if "schedule mornings: " in line]
    assert "for Unix cron's 1-5 write MON-FRI" in days
    assert "the clocks change: skipped on 20" in clocks
    assert "schedule" not in person.types("apply", "-f", file).stderr


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_all_kinds_are_exported_as_apply_reads_them(
    secured: tuple[Tocsin, str], person: Person, form: str, tmp_path: Path
) -> None:
    person.gets("apply", "-f", person.writes("all.yaml", ALL))
    exported = person.gets("export", "--kind", "all", "-o", form)
    again = person.gets("apply", "-f", person.writes(f"out.{form}", exported))
    assert again == "Plan: 0 to create, 0 to change, 0 to delete, 5 unchanged.\n"
    done = person.types("export", "--kind", "all", "-o", form, "--to", str(tmp_path / "out"))
    assert done.stderr.endswith("5 documents in " + str(tmp_path / "out") + ", 5 files written\n")
    files = sorted(
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*.*")
    )
    assert files == [
        f"accounts/robot.{form}",
        f"bindings/viewer_serviceAccount_robot.{form}",
        f"integrations/nightly.{form}",
        f"schedules/mornings.{form}",
        f"timer.{form}",
    ]
    # A folder and a location where nothing is have the same afterwards, to the byte.
    server, key = secured
    folder = f"{person.folder[:-1]}z"
    variables = {"TOCSIN_API_KEY": key, "TOCSIN_LOCATION": f"projects/p-{folder}/locations/local"}
    other = Person(server.grpc_address, folder, tmp_path, variables)
    plan = other.gets("apply", "-f", str(tmp_path / "out"))
    assert "Plan: 5 to create, 0 to change, 0 to delete, 0 unchanged.\n" in plan
    assert other.gets("export", "--kind", "all", "-o", form) == exported


def test_bindings_whose_names_differ_in_signs_alone_get_files_of_their_own(
    person: Person, tmp_path: Path
) -> None:
    subjects = ("federatedUser:issuer:a.b", "federatedUser:issuer:a:b")
    documents = [f"kind: Binding\nsubject: {each}\nrole: viewer\n" for each in subjects]
    person.gets("apply", "-f", person.writes("bindings.yaml", "---\n".join(documents)))
    person.types("export", "--kind", "Binding", "--to", str(tmp_path / "out"))
    written = sorted(file.read_text() for file in (tmp_path / "out").rglob("*.yaml"))
    assert written == sorted(documents)


def test_one_kind_is_exported_and_terraform_has_triggers_alone(person: Person) -> None:
    person.gets("apply", "-f", person.writes("all.yaml", ALL))
    schedule = person.gets("export", "--kind", "schedule")
    assert schedule == (
        "kind: Schedule\nname: mornings\nintegration: nightly\ntriggerId: api_trigger/nightly\n"
        "cronExpression: 0 9 ? * MON-FRI\ntimeZone: Europe/Berlin\npause:\n  note: not yet\n"
    )
    assert person.gets("export").startswith("name: timer\n")
    code, [line] = person.is_refused("export", "-o", "terraform", "--kind", "Schedule")
    assert (code, "writes triggers alone" in line) == (2, True)


def test_what_is_wrong_with_them_is_told_with_its_line(person: Person) -> None:
    wrong = ALL.replace("role: viewer", "rolle: viewer").replace("cronExpression: 0 9", "cron: 0 9")
    wrong += "---\nkind: Schedule\nname: a\nintegration: b\ncronExpression: 0 33 ? * * *\n"
    file = person.writes("all.yaml", wrong + "---\nkind: Pod\n")
    code, lines = person.is_refused("apply", "-f", file)
    assert code == 1
    told = [line.removeprefix(f"tocsin: {file}:").split(": ")[:2] for line in lines]
    assert ["6", "rolle"] in told
    assert ["20", "cron"] in told
    assert ["33", "cron_expression"] in told
    assert ["17", "cron_expression"] not in told  # `cron` says so
    assert any(field == "kind" for _, field in told)
    assert json.loads(person.gets("access", "accounts", "list", "-o", "json")) == []


def test_a_caller_without_the_role_is_told_which_permission_is_missing(person: Person) -> None:
    file = person.writes("all.yaml", ALL)
    stranger = person.with_variables()
    code, [line] = stranger.is_refused("apply", "-f", file)
    assert code == 1
    assert "UNAUTHENTICATED" in line
