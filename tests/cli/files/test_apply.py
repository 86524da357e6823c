"""`tocsin apply` makes a folder be what files say; `tocsin export` writes such files."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.person import Person
from documents.any_trigger import triggers
from stand.apis.rules import RULES
from stand.tocsin_process import serving
from tocsin.documents.triggers import written, yaml_of_all
from tocsin.documents.writing import as_yaml
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

SHARED = "[sources.message_queue]\nshared = true\n"
UNCHANGED = "Plan: 0 to create, 0 to change, 0 to delete, {} unchanged.\n"

NIGHTLY = """\
name: nightly
rule:
  timer:
    cronExpression: 0 3 ? * * *
    payload: first
    invokeFunctionWithRetry:
      functionId: d4e00000000000000001
"""
MAILS = "name: mails\nrule: {mail: {invokeFunction: {functionId: f}}}\n"
LOGS = "name: logs\nrule: {logging: {batchSettings: {size: 3}, invokeFunction: {functionId: f}}}\n"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    options: tuple[str, ...] = ()
    if request.param == "postgresql":
        options = ("--database", request.getfixturevalue("postgres").new_database())
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), SHARED, *options, http="off") as tocsin,
    ):
        yield tocsin.grpc_address


@pytest.fixture
def person(address: str, folder: str, tmp_path: Path) -> Person:
    return Person(address, folder, tmp_path)


def all_of(person: Person) -> list[Trigger]:
    return person.reads_list(Trigger, "triggers", "list")


def one_of(person: Person, name: str) -> Trigger:
    return person.reads(Trigger, "triggers", "get", name)


def status(person: Person, *arguments: str) -> int:
    return person.types("apply", *arguments).status


def test_files_become_triggers_and_a_second_run_changes_nothing(person: Person) -> None:
    file = person.writes("all.yaml", "---\n".join([NIGHTLY, MAILS, LOGS]))
    plan = person.gets("apply", "-f", file)
    assert "+ trigger nightly in " in plan
    assert "    +    payload: first\n" in plan
    assert plan.endswith(
        "Plan: 3 to create, 0 to change, 0 to delete, 0 unchanged.\nDone: 3 changes made.\n"
    )
    before = all_of(person)
    # The server gave one an address, and another one a cutoff.
    assert person.gets("apply", "-f", file) == UNCHANGED.format(3)
    assert all_of(person) == before


def test_a_change_writes_only_the_fields_that_differ(person: Person) -> None:
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY))
    changed = person.writes("a.yaml", NIGHTLY.replace("first", "second"))
    plan = person.gets("apply", "-f", changed)
    assert "    -    payload: first\n    +    payload: second\n" in plan
    trigger = one_of(person, "nightly")
    assert trigger.rule.timer.payload == "second"
    assert trigger.rule.timer.cron_expression == "0 3 ? * * *"


def test_a_field_that_a_document_leaves_out_is_cleared(person: Person) -> None:
    more = NIGHTLY + "description: nights\nlabels: {team: a}\n"
    person.gets("apply", "-f", person.writes("a.yaml", more))
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY))
    trigger = one_of(person, "nightly")
    assert (trigger.description, dict(trigger.labels)) == ("", {})


def test_a_dry_run_says_by_its_status_whether_there_is_work(person: Person) -> None:
    file = person.writes("a.yaml", NIGHTLY)
    assert status(person, "-f", file, "--dry-run") == 2
    assert all_of(person) == []
    assert status(person, "-f", file) == 0
    assert status(person, "-f", file, "--dry-run") == 0
    assert status(person, "-f", str(person.directory / "missing.yaml"), "--dry-run") == 1


def test_triggers_are_paused_and_resumed_only_if_their_documents_say_so(person: Person) -> None:
    paused = NIGHTLY + "status: PAUSED\n"
    person.gets("apply", "-f", person.writes("a.yaml", paused))
    assert one_of(person, "nightly").status == Trigger.PAUSED
    plan = person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY))
    assert "! trigger nightly in " in plan
    assert "is paused, and stays so" in plan
    assert one_of(person, "nightly").status == Trigger.PAUSED
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY + "status: ACTIVE\n"))
    assert one_of(person, "nightly").status == Trigger.ACTIVE
    changed = paused.replace("first", "second")
    person.gets("apply", "-f", person.writes("a.yaml", changed))
    trigger = one_of(person, "nightly")
    assert (trigger.status, trigger.rule.timer.payload) == (Trigger.PAUSED, "second")


def test_everything_that_is_wrong_in_all_files_is_told_and_nothing_is_written(
    person: Person,
) -> None:
    directory = person.directory / "triggers"
    (directory / "deep").mkdir(parents=True)
    (directory / ".hidden").mkdir()
    (directory / ".hidden" / "x.yaml").write_text("- [")
    (directory / "a.yaml").write_text(NIGHTLY + "---\n" + NIGHTLY.replace("0 3", "0 33"))
    (directory / "b.yml").write_text("name: 'b")
    (directory / "deep" / "c.json").write_text('{"name": "cde",\n "rul": {}}')
    (directory / "notes.txt").write_text("[")
    code, lines = person.is_refused("apply", "-f", str(directory))
    assert code == 1
    assert [line.removeprefix(f"tocsin: {directory}/").split(": ")[:2] for line in lines] == [
        ["b.yml:1", "found unexpected end of stream"],
        ["a.yaml:9", "name"],
        ["a.yaml:12", "rule.timer.cron_expression"],
        ["deep/c.json:2", "rul"],
    ]
    assert all_of(person) == []


def test_a_kind_that_would_have_to_change_forbids_all_of_it(person: Person) -> None:
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY))
    file = person.writes("a.yaml", MAILS.replace("mails", "nightly") + "---\n" + MAILS)
    code, [line] = person.is_refused("apply", "-f", file)
    assert code == 1
    assert line.startswith(f"tocsin: {file}:2: rule: the kind of a trigger can't be changed")
    container = NIGHTLY.replace("Function", "Container").replace("functionId", "containerId")
    code, [line] = person.is_refused("apply", "-f", person.writes("a.yaml", container))
    assert "the type of its target can't be changed, it is a function" in line
    assert len(all_of(person)) == 1


def test_two_apply_sets_in_a_folder_do_not_delete_each_others(person: Person) -> None:
    shop = ("--selector", "repository=shop", "--prune", "--yes")
    blog = ("--selector", "repository=blog", "--prune", "--yes")
    by_hand = NIGHTLY.replace("nightly", "by-hand")
    person.gets("triggers", "create", "-f", person.writes("c.yaml", by_hand))
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY + "---\n" + MAILS), *shop)
    other = NIGHTLY.replace("nightly", "posts")
    person.gets("apply", "-f", person.writes("b.yaml", other), *blog)
    plan = person.gets("apply", "-f", person.writes("a.yaml", MAILS), *shop)
    assert "- trigger nightly in " in plan
    assert plan.endswith(
        "Plan: 0 to create, 0 to change, 1 to delete, 1 unchanged.\nDone: 1 change made.\n"
    )
    assert [trigger.name for trigger in all_of(person)] == ["by-hand", "mails", "posts"]
    stolen = person.writes("a.yaml", MAILS + "---\n" + other)
    code, [line] = person.is_refused("apply", "-f", stolen, *shop)
    assert code == 1
    assert line.endswith("name: posts belongs to repository=blog, not to repository=shop")
    # What nobody's set holds can be taken in.
    person.gets("apply", "-f", person.writes("b.yaml", other + "---\n" + by_hand), *blog)
    assert one_of(person, "by-hand").labels["repository"] == "blog"


def test_an_empty_directory_of_a_set_does_not_delete_it(person: Person) -> None:
    shop = ("--selector", "repository=shop", "--prune", "--yes")
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY), *shop)
    (person.directory / "empty").mkdir()
    code, [line] = person.is_refused("apply", "-f", str(person.directory / "empty"), *shop)
    assert code == 1
    assert "has no files" in line
    assert len(all_of(person)) == 1


@pytest.mark.parametrize("text", ["", "---\n", "# nothing yet\n", "[]\n"])
def test_files_that_hold_nothing_do_not_delete_a_set(person: Person, text: str) -> None:
    shop = ("--selector", "repository=shop", "--prune", "--yes")
    person.gets("apply", "-f", person.writes("a.yaml", NIGHTLY), *shop)
    code, [line] = person.is_refused("apply", "-f", "-", *shop, stdin=text)
    assert (code, "the files hold nothing: --prune would delete all of" in line) == (1, True)
    assert len(all_of(person)) == 1
    # Without --prune there is nothing to do.
    assert person.gets("apply", "-f", "-", stdin=text) == UNCHANGED.format(0)


def test_a_directory_is_read_as_a_whole_or_not_at_all(person: Person) -> None:
    directory = person.directory / "all"
    (directory / "below").mkdir(parents=True)
    (directory / "picture.jpg").write_bytes(b"\x80\x81")
    (directory / "below" / "a.yaml").write_text(NIGHTLY)
    elsewhere = person.directory / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.yaml").write_text(MAILS)
    # A link to a directory is followed, once, though it leads in a circle.
    (directory / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(directory)
    plan = person.gets("apply", "-f", str(directory), "--selector", "repository=shop")
    assert "Plan: 2 to create, " in plan
    # What can't be read is not passed over: --prune would delete what it holds.
    prune = ("--selector", "repository=shop", "--prune", "--yes")
    broken = directory / "c.yaml"
    broken.symlink_to("missing.yaml")
    code, [line] = person.is_refused("apply", "-f", str(directory), *prune)
    assert (code, line.endswith("c.yaml: No such file or directory")) == (1, True)
    broken.unlink()
    broken.symlink_to("c.yaml")
    code, [line] = person.is_refused("apply", "-f", str(directory), *prune)
    assert (code, "c.yaml: " in line) == (1, True)
    assert len(all_of(person)) == 2


def test_the_name_of_a_file_that_is_empty_is_not_the_directory(person: Person) -> None:
    code, lines = person.is_refused("apply", "-f", "")
    assert (code, "-f or --file must not be empty" in " ".join(lines)) == (2, True)


def test_a_kind_that_does_not_exist_is_answered_with_those_that_do(person: Person) -> None:
    file = person.writes("a.yaml", "kind: Schedul\nname: x\n")
    code, [line] = person.is_refused("apply", "-f", file)
    kinds = "Trigger, Integration, Schedule, ServiceAccount, Binding"
    assert (code, line) == (1, f"tocsin: {file}:1: kind: must be one of {kinds}, not Schedul")


def test_to_prune_needs_a_name_and_to_delete_needs_a_yes(person: Person) -> None:
    file = person.writes("a.yaml", NIGHTLY)
    code, [line] = person.is_refused("apply", "-f", file, "--prune")
    assert (code, "--selector LABEL=VALUE" in line) == (1, True)
    for wrong in ("shop", "Shop=1", "repository=Ü"):
        assert person.is_refused("apply", "-f", file, "--selector", wrong)[0] == 1
    shop = ("--selector", "repository=shop", "--prune")
    person.gets("apply", "-f", file, *shop)
    done = person.types("apply", "-f", person.writes("a.yaml", MAILS), *shop)
    assert (done.status, done.stderr) == (
        1,
        "tocsin: Delete 1 trigger? Give --yes if you are sure\n",
    )
    assert [trigger.name for trigger in all_of(person)] == ["nightly"]


def test_a_folder_that_can_not_be_forbids_all_of_it(person: Person, folder: str) -> None:
    taken = NIGHTLY.replace("nightly", "taken")
    file = person.writes("a.yaml", NIGHTLY + "---\nfolderId: " + "x" * 51 + "\n" + taken)
    code, lines = person.is_refused("apply", "-f", file)
    assert (code, len(lines)) == (1, 1)
    assert "folder_id: " in lines[0]
    assert all_of(person) == []


def test_a_folder_that_is_typed_and_another_one_in_a_file_contradict(person: Person) -> None:
    file = person.writes("a.yaml", "folderId: b1gelsewhere\n" + NIGHTLY)
    code, [line] = person.is_refused("apply", "-f", file, "--folder", person.folder)
    assert code == 1
    assert line.endswith(
        f":1: folder_id: b1gelsewhere, but --folder is {person.folder}: give one of them"
    )
    # A folder of the environment is for those that name none.
    assert "in b1gelsewhere\n" in person.types("apply", "-f", file, "--dry-run").stdout


def test_export_and_apply_are_inverse_for_every_kind_and_target(person: Person) -> None:
    documents = [
        as_yaml(
            {
                "name": f"trigger-{number}",
                "rule": rule,
                **({"status": "PAUSED"} if number % 2 else {}),
            }
        )
        for number, rule in enumerate(RULES.values())
    ]
    person.gets("apply", "-f", "-", stdin="---\n".join(documents))
    exported = person.gets("export")
    assert exported.count("status: PAUSED") == len(RULES) // 2
    for form in ("yaml", "json"):
        other = Person(person.server, f"{person.folder[:40]}-{form}", person.directory)
        directory = str(person.directory / form)
        person.types("export", "-o", form, "--to", directory)
        assert len(list(Path(directory).iterdir())) == len(RULES)
        other.gets("apply", "-f", directory)
        assert other.gets("export") == exported
        assert other.gets("apply", "-f", directory) == UNCHANGED.format(len(RULES))


MANY = st.lists(triggers(), min_size=15, max_size=15, unique_by=lambda trigger: trigger.name)


@settings(
    max_examples=2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(MANY)
def test_any_triggers_come_back_as_they_were_applied(person: Person, wanted: list[Trigger]) -> None:
    """Labels, descriptions and payloads have all characters that their contract allows."""
    there = Person(person.server, f"b1g{uuid.uuid4().hex[:17]}", person.directory)
    there.gets("apply", "-f", "-", stdin=yaml_of_all(wanted))
    made = {trigger.name: trigger for trigger in all_of(there)}
    assert sorted(made) == sorted(trigger.name for trigger in wanted)
    for each in wanted:
        back = made[each.name]
        assert (back.description, back.labels) == (each.description, each.labels)
        assert back.status == each.status
        assert written(back).rule == written(each).rule
    exported = there.gets("export")
    assert there.gets("apply", "-f", "-", stdin=exported) == UNCHANGED.format(len(wanted))


def test_exported_files_are_written_anew_only_if_they_change(person: Person) -> None:
    person.gets("apply", "-f", "-", stdin=NIGHTLY + "---\n" + MAILS)
    directory = str(person.directory / "out")
    assert person.types("export", "--to", directory).stderr.endswith(", 2 files written\n")
    assert person.types("export", "--to", directory).stderr.endswith(", 0 files written\n")


def test_an_export_into_a_file_or_over_a_directory_is_refused_in_words(person: Person) -> None:
    person.gets("apply", "-f", "-", stdin=NIGHTLY)
    file = person.writes("a.yaml", NIGHTLY)
    assert person.is_refused("export", "--to", file) == (
        1,
        [f"tocsin: --to {file}: is not a directory"],
    )
    (person.directory / "out" / "nightly.yaml").mkdir(parents=True)
    code, [line] = person.is_refused("export", "--to", str(person.directory / "out"))
    assert (code, line.endswith("out/nightly.yaml: Is a directory")) == (1, True)


def test_export_for_terraform_says_what_it_leaves_out(person: Person) -> None:
    budget = as_yaml({"name": "budget", "rule": RULES["billingBudget-invokeFunction"]})
    person.gets("apply", "-f", "-", stdin=NIGHTLY + "---\n" + budget)
    assert person.gets("export", "--kind", "all") == person.gets("export")
    done = person.types("export", "-o", "terraform")
    assert done.status == 1
    assert done.stdout.startswith('resource "yandex_function_trigger" "nightly" {\n')
    assert done.stderr.startswith("tocsin: budget is left out: rule.billing_budget: ")


def test_a_trigger_without_a_name_is_exported_by_its_id(person: Person) -> None:
    person.gets("triggers", "create", "-f", person.writes("a.yaml", NIGHTLY.partition("\n")[2]))
    [made] = all_of(person)
    exported = person.gets("export")
    assert exported.startswith(f"id: {made.id}\n")
    assert person.gets("apply", "-f", "-", stdin=exported) == UNCHANGED.format(1)
    code, [line] = person.is_refused("apply", "-f", "-", stdin=NIGHTLY.partition("\n")[2])
    assert (code, "found by its name" in line) == (1, True)


def test_a_thousand_triggers_are_applied_at_once(person: Person) -> None:
    rules = list(RULES.values())
    documents = [
        as_yaml({"name": f"trigger-{number}", "rule": rules[number % len(rules)]})
        for number in range(1000)
    ]
    *_, plan, done = person.gets("apply", "-f", "-", stdin="---\n".join(documents)).splitlines()
    assert plan == "Plan: 1000 to create, 0 to change, 0 to delete, 0 unchanged."
    assert done == "Done: 1,000 changes made."
    assert person.gets("apply", "-f", "-", stdin="---\n".join(documents)) == UNCHANGED.format(1000)
    assert len(json.loads(person.gets("export", "-o", "json"))) == 1000


def test_documents_of_a_list_are_applied_too(person: Person) -> None:
    rule = RULES["mail-invokeFunction"]
    items = json.dumps([{"name": f"trigger-{number}", "rule": rule} for number in range(3)])
    person.gets("apply", "-f", "-", stdin=items)
    assert person.gets("apply", "-f", "-", stdin=items) == UNCHANGED.format(3)
