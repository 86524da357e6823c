"""Makes the steps for what is not a trigger: accounts, bindings, integrations and schedules."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from google.api import field_behavior_pb2
from google.protobuf.message import Message

from tocsin.cli.apply.steps import Step, diff
from tocsin.cli.connection import Connection, linted, pages
from tocsin.cli.executions.names import integration_named
from tocsin.cli.terminal.lines import note
from tocsin.contract.validation import REQUIRED, Violation, validator
from tocsin.documents.changes import Move
from tocsin.documents.plain_form import plain_form
from tocsin.documents.reading import Document, Problem
from tocsin.documents.triggers import KIND_FIELD
from tocsin.documents.writing import as_yaml
from tocsin.schedule import Cron, CronError
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as versions
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.tocsin.v1 import access_service_pb2 as access
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as schedules

M = TypeVar("M", bound=Message)

# What a document wants, as a message of its kind.
_Wanted: TypeAlias = tuple[Document, Any]

KINDS = ("Integration", "Schedule", "ServiceAccount", "Binding")
SERVICE_ACCOUNT = "serviceAccount:"


@dataclass
class Others:
    """Holds the documents of these kinds, and what is wrong with them."""

    folder: str
    location: str
    accounts: list[_Wanted] = field(default_factory=list)
    bindings: list[_Wanted] = field(default_factory=list)
    integrations: list[_Wanted] = field(default_factory=list)
    schedules: list[_Wanted] = field(default_factory=list)
    problems: list[tuple[Document, Problem]] = field(default_factory=list)

    def read(self, kind: str, document: Document) -> bool:
        """Reads a document; returns whether its kind is one of these."""
        match kind:
            case "ServiceAccount":
                self._keep(self.accounts, document, access.Account(), "name")
            case "Binding":
                self._keep(self.bindings, document, access.Binding(), "subject", "role")
            case "Integration":
                self._keep(self.integrations, document, IntegrationVersion(), "name")
            case "Schedule":
                names = ("name", "integration", "cron_expression")
                self._keep(self.schedules, document, schedules.Schedule(), *names)
            case _:
                return False
        return True

    def _keep(
        self, kept: list[_Wanted], document: Document, message: Message, *required: str
    ) -> None:
        problems = document.read(message, beside=(KIND_FIELD,))
        missing = [Violation(name, "is missing") for name in required if not getattr(message, name)]
        problems += document.beyond(problems, [*missing, *violations_of(message)])
        self.problems += [(document, problem) for problem in problems]
        kept.append((document, message))


def violations_of(message: Message) -> list[Violation]:
    """Lists what is wrong with a message by its contract, and with a schedule's expression."""
    violations = [
        each for each in validator(message.DESCRIPTOR)(message) if each.description != REQUIRED
    ]
    if isinstance(message, schedules.Schedule) and message.cron_expression:
        try:
            Cron(message.cron_expression)
        except CronError as error:
            violations.append(Violation("cron_expression", str(error)))
    return violations


def steps_of(api: Connection, others: Others) -> Iterator[Step]:
    """Yields the steps; accounts come before bindings, integrations before schedules."""
    accounts = _Accounts(api, others.folder)
    for document, account in others.accounts:
        yield accounts.step(document, account)
    for document, binding in others.bindings:
        yield _binding_step(api, accounts, others.folder, document, binding)
    for document, version in others.integrations:
        yield _integration_step(api, others.location, document, version)
    for document, schedule in others.schedules:
        yield _schedule_step(api, others.location, document, schedule)


class _Accounts:
    """Finds service accounts by their names."""

    def __init__(self, api: Connection, folder: str) -> None:
        self._api = api
        self._folder = folder
        self._ids: dict[tuple[str, str], str] = {}
        self._listed: set[str] = set()

    def id_of(self, name: str, folder: str) -> str | None:
        if folder not in self._listed:
            self._listed.add(folder)
            request = access.ListAccountsRequest(
                folder_id=folder, kind=access.Account.KIND_SERVICE_ACCOUNT
            )
            for account in pages(self._api.access.ListAccounts, request, "accounts"):
                self._ids[folder, account.name] = account.id
        return self._ids.get((folder, name))

    def step(self, document: Document, account: access.Account) -> Step:
        folder = account.folder_id or self._folder
        known = self.id_of(account.name, folder) is not None
        request = access.CreateAccountRequest(
            kind=access.Account.KIND_SERVICE_ACCOUNT, folder_id=folder, name=account.name
        )

        def take() -> None:
            made = self._api.access.CreateAccount(request).account
            self._ids[folder, account.name] = made.id

        move = Move.KEEP if known else Move.CREATE
        name = f"{account.name} in {folder}"
        return Step(move, "service account", name, (), take, document.where, order=0)


def _binding_step(
    api: Connection, accounts: _Accounts, folder: str, document: Document, binding: access.Binding
) -> Step:
    """A binding names a service account by its id, or by its name in the folder."""
    resource = binding.resource or f"folders/{folder}"
    name = binding.subject.removeprefix(SERVICE_ACCOUNT)
    by_name = binding.subject.startswith(SERVICE_ACCOUNT) and not name.startswith("aje")

    def bound() -> access.Binding:
        account_id = accounts.id_of(name, folder) if by_name else None
        subject = f"{SERVICE_ACCOUNT}{account_id}" if account_id else binding.subject
        return access.Binding(resource=resource, subject=subject, role=binding.role)

    wanted = bound()
    request = access.ListBindingsRequest(resource=resource, subject=wanted.subject)
    there = any(
        each.role == wanted.role for each in pages(api.access.ListBindings, request, "bindings")
    )

    def take() -> None:
        api.access.AddBinding(access.AddBindingRequest(binding=bound()))

    move = Move.KEEP if there else Move.CREATE
    shown = f"{binding.role} on {resource} for {binding.subject}"
    return Step(move, "binding", shown, (), take, document.where, order=1)


# What the server writes if a version leaves it out.
LEFT_OUT = ("last_modifier_email", "lock_holder")


def _integration_step(
    api: Connection, location: str, document: Document, wanted: IntegrationVersion
) -> Step:
    """An integration is changed by a new version, which is published."""
    parent = integration_named(wanted.name, location)
    request = versions.ListIntegrationVersionsRequest(parent=parent, filter="state = ACTIVE")
    active = next(
        iter(pages(api.versions.ListIntegrationVersions, request, "integration_versions", 1)), None
    )
    after = own_fields(wanted)
    before = None if active is None else own_fields(active)
    for name in LEFT_OUT:
        if before is not None and not getattr(after, name):
            before.ClearField(name)

    def take() -> None:
        made, lint = linted(
            api.versions.CreateIntegrationVersion,
            versions.CreateIntegrationVersionRequest(parent=parent, integration_version=after),
        )
        for line in lint:
            note(f"integration {parent.rpartition('/')[2]}: the clocks change: {line}")
        api.versions.PublishIntegrationVersion(
            versions.PublishIntegrationVersionRequest(name=made.name)
        )

    return Step(
        _move(before, after),
        "integration",
        parent.rpartition("/")[2],
        _lines(before, after),
        take,
        lambda path: document.where(path.removeprefix("integration_version.")),
        order=2,
    )


def _schedule_step(
    api: Connection, location: str, document: Document, wanted: schedules.Schedule
) -> Step:
    name = wanted.name if "/" in wanted.name else f"{location}/schedules/{wanted.name}"
    parent, _, schedule_id = name.rpartition("/schedules/")
    listed = pages(
        api.schedules.ListSchedules, schedules.ListSchedulesRequest(parent=parent), "schedules"
    )
    current = next((each for each in listed if each.name == name), None)
    after = own_fields(wanted)
    after.integration = integration_named(wanted.integration, location)
    after.trigger_id = after.trigger_id or f"api_trigger/{after.integration.rpartition('/')[2]}"
    before = None if current is None else own_fields(current)
    pauses = wanted.HasField("pause") and (current is None or not current.HasField("pause"))
    move = _move(before, after)

    def take() -> None:
        lint: list[str] = []
        if before is None:
            _, lint = linted(
                api.schedules.CreateSchedule,
                schedules.CreateScheduleRequest(
                    parent=parent, schedule_id=schedule_id, schedule=after
                ),
            )
        elif move is not Move.KEEP:
            mask = {"paths": [*_differing(before, after)]}
            _, lint = linted(
                api.schedules.UpdateSchedule,
                schedules.UpdateScheduleRequest(name=name, schedule=after, update_mask=mask),
            )
        for line in lint:
            note(f"schedule {schedule_id}: {line}")
        if pauses:
            paused = schedules.PauseScheduleRequest(name=name, note=wanted.pause.note)
            api.schedules.PauseSchedule(paused)

    return Step(
        Move.UPDATE if pauses and move is Move.KEEP else move,
        "schedule",
        schedule_id,
        [*_lines(before, after), *(["+pause"] if pauses else [])],
        take,
        lambda path: document.where(path.removeprefix("schedule.")),
        order=3,
    )


def own_fields(message: M) -> M:
    """Returns a message with what its owner wrote: without its name, and what the server sets."""
    own = type(message)()
    own.CopyFrom(message)
    for each in message.DESCRIPTOR.fields:
        options: Any = each.GetOptions()
        behaviour = options.Extensions[field_behavior_pb2.field_behavior]
        if each.name == "name" or field_behavior_pb2.OUTPUT_ONLY in behaviour:
            own.ClearField(each.name)
    return own


def _differing(before: Message, after: Message) -> Iterator[str]:
    for each in before.DESCRIPTOR.fields:
        name = each.name
        if getattr(before, name) != getattr(after, name) or (
            each.has_presence and before.HasField(name) != after.HasField(name)
        ):
            yield name


def _move(before: Message | None, after: Message) -> Move:
    if before is None:
        return Move.CREATE
    return Move.UPDATE if before != after else Move.KEEP


def _lines(before: Message | None, after: Message) -> list[str]:
    text = as_yaml(plain_form(after))
    if before is None:
        return [f"+{line}" for line in text.splitlines()]
    return diff(as_yaml(plain_form(before)), text)
