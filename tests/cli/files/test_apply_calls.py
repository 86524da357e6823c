"""`tocsin apply` of many things asks a server once for what it has, not once for each document."""

import json
import re
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.person import Person
from stand.tocsin_process import Tocsin, run_tocsin, serving

MANY = 40
COUNTED = re.compile(r'tocsin_rpc_duration_seconds_count\{.*method="(\w+)".*\} (\d+)')

INTEGRATION = """\
kind: Integration
name: {name}
triggerConfigs: [{{triggerId: api_trigger/{name}}}]
taskConfigs:
  - task: GenericRestV2Task
    parameters: {{url: {{value: {{stringValue: "http://127.0.0.1:1/"}}}}}}
"""
SCHEDULE = "kind: Schedule\nname: {name}\nintegration: {name}\ncronExpression: 0 9 1 1 ?\n"
BINDING = "kind: Binding\nsubject: serviceAccount:{name}\nrole: viewer\n"
ACCOUNT = "kind: ServiceAccount\nname: {name}\n"
ALL = "---\n".join((INTEGRATION, SCHEDULE, BINDING, ACCOUNT))
LISTS = (
    "ListIntegrationVersions",
    "ListSchedules",
    "ListAccounts",
    "ListBindings",
    "GetSchedule",
)


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[Tocsin, str]]:
    with tempfile.TemporaryDirectory() as made:
        done = run_tocsin("access", "init", "--database", f"sqlite:///{made}/tocsin.db")
        options = ("--access", "--metrics", "127.0.0.1:0")
        with serving(Path(made), "", *options, http="off") as server:
            yield server, done.stdout.strip()


@pytest.fixture
def person(secured: tuple[Tocsin, str], folder: str, tmp_path: Path) -> Person:
    server, key = secured
    variables = {"TOCSIN_API_KEY": key, "TOCSIN_LOCATION": f"projects/p-{folder}/locations/local"}
    return Person(server.grpc_address, folder, tmp_path, variables)


def counted(secured: tuple[Tocsin, str]) -> Counter[str]:
    server, key = secured
    asked = urllib.request.Request(f"http://{server.address('metrics')}/metrics")
    asked.add_header("Authorization", f"Api-Key {key}")
    with urllib.request.urlopen(asked) as answer:
        found = COUNTED.findall(answer.read().decode())
    calls: Counter[str] = Counter()
    for method, count in found:
        calls[method] += int(count)
    return calls


def test_many_documents_of_a_location_are_compared_with_one_list_of_each_kind(
    secured: tuple[Tocsin, str], person: Person
) -> None:
    names = [f"thing-{number}" for number in range(MANY)]
    file = person.writes("all.yaml", "---\n".join(ALL.format(name=name) for name in names))
    person.gets("apply", "-f", file)
    before = counted(secured)
    again = person.gets("apply", "-f", file)
    assert again == f"Plan: 0 to create, 0 to change, 0 to delete, {4 * MANY} unchanged.\n"
    calls = counted(secured) - before
    assert {method: calls[method] for method in LISTS if calls[method]} == {
        "ListIntegrationVersions": 1,
        "ListSchedules": 1,
        "ListAccounts": 1,
        "ListBindings": 1,
    }
    assert sum(calls.values()) == 5  # and one that asks whether there is access control


def test_a_single_integration_is_asked_for_by_its_name(
    secured: tuple[Tocsin, str], person: Person
) -> None:
    names = ("one", "other")
    person.gets(
        "apply",
        "-f",
        person.writes("a.yaml", "---\n".join(INTEGRATION.format(name=name) for name in names)),
    )
    before = counted(secured)
    file = person.writes("a.yaml", INTEGRATION.format(name="one"))
    again = person.gets("apply", "-f", file)
    assert again == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n"
    assert counted(secured) - before == Counter({"ListIntegrationVersions": 1})


def test_who_has_roles_on_single_integrations_alone_applies_them(person: Person) -> None:
    person.gets("access", "accounts", "create", "robot")
    [robot] = json.loads(person.gets("access", "accounts", "list", "-o", "json"))
    for name in ("one", "other"):
        resource = f"{person.variables['TOCSIN_LOCATION']}/integrations/{name}"
        subject = f"serviceAccount:{robot['id']}"
        person.gets("access", "bindings", "add", subject, "editor", resource)
    key = person.types("access", "api-keys", "create", robot["id"]).stdout.split()[-1]
    robots = person.with_variables(**{**person.variables, "TOCSIN_API_KEY": key})
    text = "---\n".join(INTEGRATION.format(name=name) for name in ("one", "other"))
    file = person.writes("a.yaml", text)
    assert "Done: 2 changes made.\n" in robots.gets("apply", "-f", file)
    again = robots.gets("apply", "-f", file)
    assert again == "Plan: 0 to create, 0 to change, 0 to delete, 2 unchanged.\n"
    more = person.writes("b.yaml", text + "---\n" + INTEGRATION.format(name="third"))
    code, [line] = robots.is_refused("apply", "-f", more)
    assert code == 1
    assert line.startswith(f"tocsin: {more}:16: name: PERMISSION_DENIED: ")
