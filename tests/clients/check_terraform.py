"""Terraform with the vendor's provider, as its users run it: `make terraform`.

Not collected with the other tests, as not every machine has Terraform. `terraform init` installs
the provider; one that you have as a file is used if TOCSIN_TERRAFORM_PROVIDER names it. What was
typed and said is written to build/terraform/transcript.txt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clients.terraform_run import DIFF, FAILED, NO_DIFF, Said, Terraform
from clients.toolchains import ROOT
from clients.yandex.credentials import write_key_file
from clients.yandex.sdk import new_folder
from clients.yandex.servers import Accounts, Served
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

TRANSCRIPT = ROOT / "build" / "terraform" / "transcript.txt"
KINDS = ("timer", "message_queue", "object_storage", "logging")
SECOND = ("-var", "release=2")
"""The options of the second release, in which something of each trigger has changed."""

State = dict[str, dict[str, Any]]


@dataclass
class Course:
    """What Terraform said at each step, and its state after it."""

    said: dict[str, Said] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def course(open_server: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """Two releases of four triggers, from the first `apply` to `destroy`."""
    folder = new_folder()
    terraform = Terraform(
        tmp_path_factory.mktemp("terraform"), open_server, folder, YC_TOKEN="t1.any.token"
    )
    try:
        with open_server.tocsin.channel() as channel:
            yield _run(terraform, TriggerServiceStub(channel), folder)
    finally:
        TRANSCRIPT.parent.mkdir(parents=True, exist_ok=True)
        TRANSCRIPT.write_text("\n".join(terraform.transcript))


def _run(terraform: Terraform, others: TriggerServiceStub, folder: str) -> Course:
    course = Course()

    def planned(step: str, *options: str) -> None:
        course.said[step] = terraform.plan(*options)

    terraform.do("init", "-no-color")
    terraform.apply()
    course.states["created"] = terraform.state()
    planned("after the first release")
    planned("before the second release", *SECOND)
    terraform.apply(*SECOND)
    course.states["updated"] = terraform.state()
    planned("after the second release", *SECOND)

    ids = {kind: course.states["updated"][kind]["id"] for kind in KINDS}
    for kind, trigger_id in ids.items():
        address = f"yandex_function_trigger.{kind}"
        terraform.do("state", "rm", address)
        terraform.do("import", "-no-color", "-input=false", *SECOND, address, trigger_id)
    course.states["imported"] = terraform.state()
    planned("after the import", *SECOND)

    others.Pause(contract.PauseTriggerRequest(trigger_id=ids["timer"]))
    planned("after a pause by someone else", *SECOND)
    others.Delete(contract.DeleteTriggerRequest(trigger_id=ids["logging"]))
    planned("after a deletion by someone else", *SECOND)
    terraform.do("destroy", "-auto-approve", "-input=false", "-no-color", *SECOND)
    listed = others.List(contract.ListTriggersRequest(folder_id=folder))
    course.left = [each.name for each in listed.triggers]
    return course


def test_apply_creates_each_kind_of_trigger(course: Course) -> None:
    created = course.states["created"]
    assert created.keys() == set(KINDS)
    assert created["timer"]["timer"][0]["cron_expression"] == "0 9 ? * MON-FRI *"
    assert created["message_queue"]["message_queue"][0]["visibility_timeout"] == "600"
    assert created["object_storage"]["object_storage"][0]["suffix"] == ".jpg"
    assert created["logging"]["logging"][0]["levels"] == ["error"]


@pytest.mark.parametrize(
    "step",
    [
        "after the first release",
        "after the second release",
        "after the import",
        "after a pause by someone else",
    ],
)
def test_plan_finds_no_difference(course: Course, step: str) -> None:
    assert course.said[step].status == NO_DIFF, course.said[step].text


def test_the_second_release_changes_all_four_in_place(course: Course) -> None:
    plan = course.said["before the second release"]
    assert plan.status == DIFF
    assert "0 to add, 4 to change, 0 to destroy" in plan.text
    created, updated = course.states["created"], course.states["updated"]
    for kind in KINDS:
        assert updated[kind]["id"] == created[kind]["id"]
        assert updated[kind]["created_at"] == created[kind]["created_at"]
        assert updated[kind]["description"] == "release 2"
    assert updated["timer"]["labels"] == {"release": "2", "empty": ""}
    assert updated["timer"]["timer"][0]["payload"] == "release 2"


@pytest.mark.parametrize("kind", KINDS)
def test_import_finds_what_apply_left(course: Course, kind: str) -> None:
    def of_the_trigger(state: State) -> dict[str, Any]:
        return {name: value for name, value in state[kind].items() if name != "timeouts"}

    assert of_the_trigger(course.states["imported"]) == of_the_trigger(course.states["updated"])


def test_what_someone_else_deleted_is_planned_anew(course: Course) -> None:
    plan = course.said["after a deletion by someone else"]
    assert plan.status == DIFF
    assert "1 to add, 0 to change, 0 to destroy" in plan.text


def test_destroy_leaves_nothing(course: Course) -> None:
    assert course.left == []


def test_all_other_kinds_are_applied_without_a_difference_left(
    open_server: Served, folder: str, tmp_path: Path
) -> None:
    terraform = Terraform(tmp_path, open_server, folder, "other_kinds.tf", YC_TOKEN="t1.any.token")
    terraform.do("init", "-no-color")
    assert "9 added, 0 changed, 0 destroyed" in terraform.apply()
    plan = terraform.plan()
    assert plan.status == NO_DIFF, plan.text
    terraform.do("destroy", "-auto-approve", "-input=false", "-no-color")


VARIABLE = {
    "IAM_TOKEN": "YC_TOKEN",
    "OAUTH_TOKEN": "YC_TOKEN",
    "KEY_FILE": "YC_SERVICE_ACCOUNT_KEY_FILE",
}
"""What the provider calls what the SDKs' programs are given."""


@pytest.mark.parametrize("shown", ["IAM token", "OAuth token", "key"])
def test_the_provider_proves_who_it_is(
    guarded: tuple[Served, Accounts], folder: str, tmp_path: Path, shown: str
) -> None:
    served, accounts = guarded
    [(name, value)] = accounts.editor[shown].items()
    terraform = Terraform(tmp_path, served, folder, **{VARIABLE[name]: value})
    terraform.do("init", "-no-color")
    assert "4 added, 0 changed, 0 destroyed" in terraform.apply()
    assert terraform.plan().status == NO_DIFF
    assert "4 destroyed" in terraform.do("destroy", "-auto-approve", "-input=false", "-no-color")


def test_the_provider_tells_of_a_role_that_is_missing(
    guarded: tuple[Served, Accounts], folder: str, tmp_path: Path
) -> None:
    served, accounts = guarded
    terraform = Terraform(tmp_path, served, folder, YC_TOKEN=accounts.stranger["IAM_TOKEN"])
    terraform.do("init", "-no-color")
    said = terraform.run("apply", "-auto-approve", "-input=false", "-no-color")
    assert said.status == FAILED
    assert "PermissionDenied" in said.text


def test_the_provider_changes_any_credential_where_nobody_is_asked(
    open_server: Served, folder: str, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    write_key_file(key, account_id="aje00000000000000own", key_id="aje00000000000000key")
    terraform = Terraform(tmp_path, open_server, folder, YC_SERVICE_ACCOUNT_KEY_FILE=str(key))
    terraform.do("init", "-no-color")
    plan = terraform.plan()
    assert plan.status == DIFF, plan.text
    assert "4 to add, 0 to change, 0 to destroy" in plan.text
