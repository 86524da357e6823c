"""`tocsin triggers`, as a person uses it."""

import json
import re

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2

from cli.person import Person
from stand.tocsin_process import run_tocsin
from tocsin_protos.tocsin.v1.folder_service_pb2 import Folder
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

NIGHTLY = """\
name: nightly
labels:
  env: prod
rule:
  timer:
    cronExpression: 0 3 ? * * 2098
    payload: go
    invokeFunctionWithRetry:
      functionId: d4e00000000000000001
      retrySettings: {retryAttempts: 3, interval: 15s}
"""


def create(person: Person, text: str = NIGHTLY) -> Trigger:
    return person.reads(Trigger, "triggers", "create", "-f", "-", stdin=text)


def named(name: str) -> str:
    return NIGHTLY.replace("nightly", name)


def test_create_shows_the_trigger_that_it_made(person: Person) -> None:
    file = person.writes("nightly.yaml", NIGHTLY)
    shown = person.gets("triggers", "create", "-f", file)
    told = dict(re.findall(r"^(\w+) {2,}(.*)$", shown, flags=re.MULTILINE))
    assert re.fullmatch(r"a1s[0-9a-v]{17}", told["id"])
    assert (told["name"], told["status"], told["folderId"]) == ("nightly", "ACTIVE", person.folder)
    assert "cronExpression: 0 3 ? * * 2098\n" in shown


def test_a_terminal_that_does_not_know_a_character_shows_the_rest(person: Person) -> None:
    create(person, NIGHTLY + "description: ночь\n")
    environment = person.environment | {"PYTHONIOENCODING": "latin-1"}
    for form in ("table", "json"):
        done = run_tocsin("triggers", "get", "nightly", "-o", form, environment=environment)
        assert (done.status, done.stderr) == (0, "")
        assert r"\u043d\u043e\u0447\u044c" in done.stdout


def test_json_is_read_as_yaml_is(person: Person) -> None:
    text = json.dumps(yaml.safe_load(NIGHTLY))
    trigger = create(person, text)
    assert trigger.rule.timer.cron_expression == "0 3 ? * * 2098"
    assert trigger.rule.timer.invoke_function_with_retry.retry_settings.interval.seconds == 15


def test_the_folder_of_the_file_goes_before_that_of_the_environment(person: Person) -> None:
    other = person.folder[::-1]
    assert create(person, f"folderId: {other}\n{NIGHTLY}").folder_id == other


@pytest.mark.parametrize("value", ["no", "12:30", "2026-01-31", "007", "1_000", "0x1f", "1e"])
def test_what_looks_like_a_string_is_one(person: Person, value: str) -> None:
    trigger = create(person, NIGHTLY.replace("payload: go", f"payload: {value}"))
    assert trigger.rule.timer.payload == value


@pytest.mark.parametrize("prefix", ["", "OBJECT_STORAGE_EVENT_TYPE_"])
def test_enum_values_have_a_short_and_a_full_name(person: Person, prefix: str) -> None:
    text = f"""
        rule:
          objectStorage:
            bucketId: photos
            event_type: [{prefix}CREATE_OBJECT, 3]
            batchSettings: {{size: 1, cutoff: 1s}}
            invokeFunction: {{functionId: d4e00000000000000001}}
    """
    made = person.reads(Trigger, "triggers", "create", "-f", "-", stdin=text)
    assert list(made.rule.object_storage.event_type) == [
        Trigger.OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT,
        Trigger.OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT,
    ]


def test_a_name_that_is_no_enum_value_is_told_the_short_ones(person: Person) -> None:
    status, [line] = person.is_refused(
        *("triggers", "create", "-f", "-"),
        stdin="rule: {containerRegistry: {eventType: [CREATE_OBJECT]}}",
    )
    assert status == 2
    assert line == (
        "tocsin: stdin:1: rule.container_registry.event_type[0]: must be one of CREATE_IMAGE, "
        "DELETE_IMAGE, CREATE_IMAGE_TAG, DELETE_IMAGE_TAG"
    )


def test_a_file_with_errors_is_told_them_all_with_their_lines(person: Person) -> None:
    file = person.writes(
        "bad.yaml",
        """\
name: bad
labels: {version: 1}
rule:
  timer:
    cronExpresion: 0 3 ? * * *
    payload: [a, list]
    invokeFunction: {functionId: x}
    invokeFunctionWithRetry:
      retrySettings:
        retryAttempts: three
        interval: 15
  logging:
    levels: [WARN, LOUD]
    logGroupId:
      - a
colour: red
""",
    )
    status, lines = person.is_refused("triggers", "create", "-f", file)
    retry = "rule.timer.invoke_function_with_retry"
    assert status == 2
    assert [line.removeprefix(f"tocsin: {file}:") for line in lines] == [
        '2: labels[version]: must be a string: put it in quotes, "1"',
        "5: rule.timer.cronExpresion: unknown field; did you mean cronExpression?",
        "6: rule.timer.payload: must be a string",
        f"8: {retry}: conflicts with invokeFunction: give one of them",
        f"10: {retry}.retry_settings.retry_attempts: must be a whole number",
        f"11: {retry}.retry_settings.interval: must be a duration, such as 15s",
        "12: rule.logging: conflicts with timer: give one of them",
        "13: rule.logging.levels[1]: must be one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL",
        "15: rule.logging.log_group_id: must be a string",
        "16: colour: unknown field; use one of id, folderId, createdAt, name, description, labels, "
        "rule, status",
    ]
    assert person.reads_list(Trigger, "triggers", "list") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: [a", ":1: "),
        ("name: a\nname: b\n", ":2: name must be given only once"),
        ("- a\n", ":1: must be an object, with fields such as `name: nightly`"),
        ("# nothing\n", ":1: must be an object, with fields such as `name: nightly`"),
        ("a: &a\n  b: *a\n", ":1: an alias must not be inside its own anchor"),
        ("name: a\nkind: Schedule\n", ":2: kind: must be Trigger, not Schedule"),
    ],
)
def test_a_file_that_is_no_object_is_an_error(person: Person, text: str, told: str) -> None:
    status, [line] = person.is_refused("triggers", "create", "-f", person.writes("a.yaml", text))
    assert status == 2
    assert f"a.yaml{told}" in line


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "must not have more than 20000 values, aliases written out"),
        ("name: " + "[" * 5000 + "]" * 5000, "must not be nested more than 100 levels deep"),
        ("name: " + "{a: " * 5000, "must not be nested more than 100 levels deep"),
        ("- " * 5000, "must not be nested more than 100 levels deep"),
        ("name: " + "[" * 150 + "]" * 150, "must not be nested more than 100 levels deep"),
        ("name: " + "1" * 5000, "a number must not have more than 100 characters"),
        ("name: 1e400", "1e400 is too large a number"),
        ("name: \0", "special characters are not allowed"),
    ],
)
def test_a_file_that_would_cost_too_much_ends_in_one_line(
    person: Person, text: str, told: str
) -> None:
    file = person.writes("bomb.yaml", text)
    status, [line] = person.is_refused("triggers", "create", "-f", file)
    assert status == 2
    assert line.startswith(f"tocsin: {file}:")
    assert told in line


@pytest.mark.parametrize("size", ["NaN", '"NaN"', ".nan", "Infinity", "-Infinity", ".inf", "1.5"])
def test_what_is_no_whole_number_is_refused(person: Person, size: str) -> None:
    text = f"rule: {{messageQueue: {{batchSettings: {{size: {size}, cutoff: NaNs}}}}}}"
    status, lines = person.is_refused("triggers", "create", "-f", person.writes("nan", text))
    assert status == 2
    assert [line.partition("batch_settings.")[2] for line in lines] == [
        "size: must be a whole number",
        "cutoff: must be a duration, such as 15s",
    ]


def test_a_file_that_is_not_there_is_an_error(person: Person) -> None:
    assert person.is_refused("triggers", "create", "-f", "none.yaml") == (
        2,
        ["tocsin: none.yaml: No such file or directory"],
    )


def test_what_the_server_finds_wrong_is_told_with_its_line_in_the_file(person: Person) -> None:
    text = NIGHTLY.replace("0 3", "0 25").replace("retryAttempts: 3", "retryAttempts: 30")
    text = text.replace("      functionId: d4e00000000000000001\n", "")
    file = person.writes("wrong.yaml", text)
    status, lines = person.is_refused("triggers", "create", "-f", file)
    retry = "rule.timer.invoke_function_with_retry"
    assert status == 1
    assert sorted(line.removeprefix(f"tocsin: INVALID_ARGUMENT: {file}:") for line in lines) == [
        "6: rule.timer.cron_expression: hours: 25 is out of range: use 0-23",
        f"8: {retry}.function_id: Field is required",
        f"9: {retry}.retry_settings.retry_attempts: Value must be from 1 to 5, but was 30",
    ]


def test_a_name_that_is_taken_is_refused(person: Person) -> None:
    create(person)
    told = f"Trigger with name nightly already exists in folder {person.folder}"
    assert person.is_refused("triggers", "create", "-f", "-", stdin=NIGHTLY) == (
        1,
        [f"tocsin: ALREADY_EXISTS: stdin:1: {told}"],
    )


def test_list_is_a_line_for_each_trigger(person: Person) -> None:
    first, second = create(person), create(person, named("daily"))
    person.gets("triggers", "pause", second.id)
    head, *lines = person.gets("triggers", "list").splitlines()
    assert head.split() == ["NAME", "KIND", "STATE", "LAST", "NEXT", "ID", "RULE", "TARGET"]
    rest = ["0 3 ? * * 2098", "function/d4e00000000000000001"]
    assert [re.split(" {2,}", line) for line in lines] == [
        ["nightly", "timer", "ACTIVE", "-", "2098-01-01 03:00", first.id, *rest],
        ["daily", "timer", "PAUSED", "-", "-", second.id, *rest],
    ]
    _, line = person.gets("triggers", "list", "--filter", 'name = "daily"').splitlines()
    assert line.split() == lines[1].split()


def test_list_shows_how_the_latest_delivery_ended_and_how_long_it_took(person: Person) -> None:
    create(person)
    person.types("triggers", "fire", "nightly", "--wait")
    head, line = person.gets("triggers", "list").splitlines()
    cells = dict(zip(re.split(" {2,}", head), re.split(" {2,}", line), strict=True))
    assert re.fullmatch(r"(SUCCEEDED|FAILED) \d{4}-\d\d-\d\d \d\d:\d\d", cells["LAST"])
    assert re.fullmatch(r"[\d.]+ m?s", cells["DURATION"])


def test_folders_are_listed_with_the_number_of_their_triggers(person: Person) -> None:
    create(person)
    person.gets("triggers", "pause", create(person, named("daily")).id)
    head, line = person.gets("folders", "list", "--prefix", person.folder).splitlines()
    assert head.split() == ["FOLDER", "TRIGGERS", "ACTIVE", "PAUSED"]
    assert line.split() == [person.folder, "2", "1", "1"]
    [shown] = person.reads_list(Folder, "folders", "list", "--prefix", person.folder)
    assert (shown.id, shown.triggers.count) == (person.folder, 2)


NEVER = NIGHTLY.replace("0 3 ? * * 2098", "0 0 30 2 ? *")
NO_DATE = "the timer never fires: no date fits '0 0 30 2 ? *'"


def test_a_timer_that_never_fires_is_taken_and_said(person: Person) -> None:
    done = person.types("triggers", "create", "-f", "-", stdin=NEVER)
    assert (done.status, done.stderr) == (0, f"{NO_DATE}\n")
    assert "ACTIVE" in done.stdout
    assert " never " in person.gets("triggers", "list").splitlines()[1]
    assert f"warning    {NO_DATE}\n" in person.gets("triggers", "get", "nightly")
    done = person.types("triggers", "update", "nightly", "-f", "-", stdin=NIGHTLY)
    assert (done.status, done.stderr) == (0, "")
    past = NIGHTLY.replace("2098", "2020")
    done = person.types("triggers", "update", "nightly", "-f", "-", "-o", "json", stdin=past)
    last = "the last date of '0 3 ? * * 2020' was 2020-12-31T03:00:00Z"
    assert (done.status, done.stderr) == (0, f"the timer never fires again: {last}\n")


def test_list_as_json_holds_the_contracts_messages(person: Person) -> None:
    triggers = [create(person, named(name)) for name in ("one", "two", "three")]
    assert person.reads_list(Trigger, "triggers", "list") == triggers
    assert person.reads_list(Trigger, "triggers", "list", "--limit", "2") == triggers[:2]
    assert person.reads_list(Trigger, "triggers", "list", "--filter", 'name="two"') == triggers[1:2]


def test_list_goes_on_to_the_last_page(person: Person) -> None:
    request = trigger_service_pb2.CreateTriggerRequest(folder_id=person.folder)
    request.rule.timer.cron_expression = "0 3 ? * * 2098"
    request.rule.timer.invoke_function_with_retry.function_id = "f"
    with grpc.insecure_channel(person.server) as channel:
        stub = TriggerServiceStub(channel)
        created = [stub.Create.future(request) for _ in range(1001)]
        assert all(each.result().done for each in created)
    assert len(person.reads_list(Trigger, "triggers", "list")) == 1001
    assert len(person.gets("triggers", "list", "--limit", "1000").splitlines()) == 1001


def test_list_of_nothing(person: Person) -> None:
    head = ["NAME", "KIND", "STATE", "LAST", "NEXT", "ID"]
    assert person.gets("triggers", "list").split() == head
    assert person.gets("triggers", "list", "-o", "json") == "[]\n"
    assert (
        person.sees("triggers", "list")
        == f"{FAINT}There are no triggers in folder {person.folder}.{OFF}\n"
    )


FAINT, BOLD, OFF = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def test_a_terminal_has_colours_and_what_does_not_fit_stands_below(person: Person) -> None:
    trigger = create(person)
    narrow = person.sees("triggers", "list", columns=80)
    assert f"\x1b[32mACTIVE{OFF}" in narrow
    assert re.sub("\x1b\\[\\d+m", "", narrow).splitlines() == [
        "NAME     KIND   STATE   LAST  NEXT              ID",
        f"nightly  timer  ACTIVE        2098-01-01 03:00  {trigger.id}",
        "  0 3 ? * * 2098  function/d4e00000000000000001",
    ]
    assert len(person.sees("triggers", "list", columns=120).splitlines()) == 2


def test_a_trigger_is_named_by_id_or_by_name_in_its_folder(person: Person) -> None:
    trigger = create(person)
    assert person.reads(Trigger, "triggers", "get", trigger.id) == trigger
    assert person.reads(Trigger, "triggers", "get", "nightly") == trigger
    told = f"tocsin: NOT_FOUND: folder {person.folder} has no trigger named daily"
    assert person.is_refused("triggers", "get", "daily") == (1, [told])
    unknown = "a1s00000000000000000"
    told = f"tocsin: NOT_FOUND: Trigger {unknown} not found"
    assert person.is_refused("triggers", "get", unknown) == (1, [told])


def test_a_name_without_a_folder_is_asked_about(person: Person) -> None:
    done = run_tocsin("triggers", "get", "nightly", "--server", person.server)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        "tocsin: nightly is not an ID; "
        "to find a trigger by name, give --folder ID or set TOCSIN_FOLDER\n"
    )


def test_pause_and_resume_tell_what_the_trigger_is_now(person: Person) -> None:
    trigger = create(person)
    assert person.gets("triggers", "pause", "nightly") == f"{trigger.id} PAUSED\n"
    assert person.reads(Trigger, "triggers", "get", "nightly").status == Trigger.PAUSED
    assert person.gets("triggers", "resume", trigger.id) == f"{trigger.id} ACTIVE\n"
    assert person.reads(Trigger, "triggers", "resume", "nightly") == trigger


def test_delete_tells_that_it_is_gone(person: Person) -> None:
    trigger = create(person)
    assert person.gets("triggers", "delete", "nightly") == f"{trigger.id} deleted\n"
    assert person.reads_list(Trigger, "triggers", "list") == []


def test_delete_prints_its_operation_as_json(person: Person) -> None:
    create(person)
    operation = person.reads(Operation, "triggers", "delete", "nightly")
    assert operation.done
    assert operation.metadata.Is(trigger_service_pb2.DeleteTriggerMetadata.DESCRIPTOR)
    assert operation.response.Is(empty_pb2.Empty.DESCRIPTOR)


def test_update_leaves_what_the_file_leaves_out(person: Person) -> None:
    before = create(person)
    text = "description: At three.\nlabels: {}\n"
    after = person.reads(Trigger, "triggers", "update", "nightly", "-f", "-", stdin=text)
    assert (after.description, dict(after.labels)) == ("At three.", {})
    assert (after.name, after.rule) == (before.name, before.rule)


def test_what_get_prints_can_be_edited_and_given_back(person: Person) -> None:
    create(person)
    shown = person.gets("triggers", "get", "nightly", "-o", "json")
    edited = shown.replace("0 3 ? * * 2098", "30 3 ? * * 2098")
    after = person.reads(Trigger, "triggers", "update", "nightly", "-f", "-", stdin=edited)
    assert after.rule.timer.cron_expression == "30 3 ? * * 2098"
    assert after.labels["env"] == "prod"


def test_update_with_another_triggers_file_is_refused(person: Person) -> None:
    first, second = create(person), create(person, named("other"))
    shown = person.gets("triggers", "get", first.id, "-o", "json")
    assert person.is_refused("triggers", "update", second.id, "-f", "-", stdin=shown) == (
        2,
        [f"tocsin: stdin:2: is for trigger {first.id}, not for {second.id}"],
    )


def test_update_with_nothing_to_change_is_refused(person: Person) -> None:
    trigger = create(person)
    told = "stdin:1: must have at least one of name, description, labels, rule"
    assert person.is_refused("triggers", "update", trigger.id, "-f", "-", stdin="{}") == (
        2,
        [f"tocsin: {told}"],
    )


def test_an_unreachable_server_says_how_to_start_one(person: Person) -> None:
    status, [line] = person.is_refused("triggers", "list", "--server", "127.0.0.1:1")
    assert status == 1
    assert line == (
        "tocsin: UNAVAILABLE: no server answers at 127.0.0.1:1 (Connection refused). "
        "Start one with `tocsin serve`, or give its address by --server or TOCSIN_SERVER."
    )


def test_without_a_folder_a_list_asks_for_one(person: Person) -> None:
    done = run_tocsin("triggers", "list", "--server", person.server)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == "tocsin: the folder is missing: give --folder ID or set TOCSIN_FOLDER\n"
