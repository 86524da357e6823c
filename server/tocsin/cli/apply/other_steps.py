"""Makes the steps for what is not a trigger: accounts, bindings, integrations and schedules."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from google.api import field_behavior_pb2
from google.protobuf.message import Message

from tocsin.cli.apply.existing import SCHEDULES, Existing, Problems
from tocsin.cli.apply.others import ACCOUNT, BINDING, INTEGRATION, SCHEDULE, Others, Wanted
from tocsin.cli.apply.steps import Step, diff
from tocsin.cli.connection import Blame, Connection, linted
from tocsin.cli.executions.names import integration_named
from tocsin.cli.terminal.lines import note
from tocsin.documents.changes import Move
from tocsin.documents.plain_form import plain_form
from tocsin.documents.reading import Document, Problem
from tocsin.documents.triggers import KIND_FIELD
from tocsin.documents.writing import as_yaml
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as versions
from tocsin_protos.tocsin.v1 import access_service_pb2 as access
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as schedules

M = TypeVar("M", bound=Message)

SERVICE_ACCOUNT = "serviceAccount:"
NEEDS_ACCESS = (
    "needs access control, which is off on this server: start it with --access, or leave the "
    "document out"
)
# What the server writes if a version leaves it out.
LEFT_OUT = ("last_modifier_email", "lock_holder")


def planned(api: Connection, others: Others) -> tuple[list[Step], Problems]:
    """Compares documents with what the server has: returns the steps, and what forbids them.

    Accounts come before bindings, integrations before schedules.
    """
    if problems := _without_access(api, others.needing_access()):
        return [], problems
    existing = Existing()
    accounts, bindings = others.wanted[ACCOUNT], others.wanted[BINDING]
    folders = _grouped(accounts, lambda each: each.message.folder_id or others.folder)
    for each in bindings:
        if _names_account(each.message):
            folders[others.folder].append(each.document)
    existing.find_accounts(api, folders)
    existing.find_bindings(api, _grouped(bindings, lambda each: each.name))
    existing.find_versions(api, _by_name(others.wanted[INTEGRATION]))
    existing.find_schedules(api, _by_name(others.wanted[SCHEDULE]))
    if existing.problems:
        return [], existing.problems
    return [
        *(_account_step(api, existing, others.folder, each) for each in accounts),
        *(_binding_step(api, existing, others.folder, each) for each in bindings),
        *(_integration_step(api, existing, each) for each in others.wanted[INTEGRATION]),
        *(_schedule_step(api, existing, others.location, each) for each in others.wanted[SCHEDULE]),
    ], []


def _without_access(api: Connection, documents: Iterable[Document]) -> Problems:
    """Returns what is wrong with documents if the server has no access control."""
    documents = list(documents)
    if not documents or has_access_control(api):
        return []
    return [
        (each, Problem(each.place_of(KIND_FIELD), KIND_FIELD, NEEDS_ACCESS)) for each in documents
    ]


def has_access_control(api: Connection) -> bool:
    """Returns whether a server has access control, and so accounts and bindings."""
    return bool(api.access.WhoAmI(access.WhoAmIRequest()).access_control)


def _grouped(
    wanted: Iterable[Wanted], key: Callable[[Wanted], str]
) -> defaultdict[str, list[Document]]:
    groups: defaultdict[str, list[Document]] = defaultdict(list)
    for each in wanted:
        groups[key(each)].append(each.document)
    return groups


def _by_name(wanted: Iterable[Wanted]) -> dict[str, Document]:
    return {each.name: each.document for each in wanted}


def _blame(document: Document, message: str = "", **names: str) -> Blame:
    """Returns where the fields of a request stand in a document.

    Args:
        document: what the request was made of.
        message: the request's field that has what the document says.
        names: what fields of the request are called in the document.
    """
    return lambda path: document.where(names.get(path, path.removeprefix(f"{message}.")))


def _account_step(api: Connection, existing: Existing, folder: str, wanted: Wanted) -> Step:
    name, folder = wanted.message.name, wanted.message.folder_id or folder
    request = access.CreateAccountRequest(
        kind=access.Account.KIND_SERVICE_ACCOUNT, folder_id=folder, name=name
    )

    def take() -> None:
        existing.accounts[folder, name] = api.access.CreateAccount(request).account.id

    move = Move.KEEP if (folder, name) in existing.accounts else Move.CREATE
    blame = _blame(wanted.document)
    return Step(move, "service account", f"{name} in {folder}", (), take, blame, order=0)


def _names_account(binding: access.Binding) -> bool:
    """Returns whether a binding names a service account by its name in the folder, not its id."""
    name = binding.subject.removeprefix(SERVICE_ACCOUNT)
    return name != binding.subject and not name.startswith("aje")


def _binding_step(api: Connection, existing: Existing, folder: str, wanted: Wanted) -> Step:
    binding, resource = wanted.message, wanted.name

    def subject() -> str:
        if not _names_account(binding):
            return str(binding.subject)
        name = binding.subject.removeprefix(SERVICE_ACCOUNT)
        return f"{SERVICE_ACCOUNT}{existing.accounts.get((folder, name), name)}"

    def take() -> None:
        bound = access.Binding(resource=resource, subject=subject(), role=binding.role)
        api.access.AddBinding(access.AddBindingRequest(binding=bound))

    there = (resource, subject(), binding.role) in existing.bindings
    move = Move.KEEP if there else Move.CREATE
    name = f"{binding.role} on {resource} for {binding.subject}"
    return Step(move, "binding", name, (), take, _blame(wanted.document, "binding"), order=1)


def _integration_step(api: Connection, existing: Existing, wanted: Wanted) -> Step:
    """An integration is changed by a new version, which is published."""
    parent, active = wanted.name, existing.versions.get(wanted.name)
    name = parent.rpartition("/")[2]
    after = own_fields(wanted.message)
    before = None if active is None else own_fields(active)
    for each in LEFT_OUT:
        if before is not None and not getattr(after, each):
            before.ClearField(each)

    def take() -> None:
        request = versions.CreateIntegrationVersionRequest(parent=parent, integration_version=after)
        made, lint = linted(api.versions.CreateIntegrationVersion, request)
        for line in lint:
            note(f"{wanted.document.where('')}integration {name}: the clocks change: {line}")
        published = versions.PublishIntegrationVersionRequest(name=made.name)
        api.versions.PublishIntegrationVersion(published)

    return Step(
        _move(before, after),
        "integration",
        name,
        _lines(before, after),
        take,
        _blame(wanted.document, "integration_version", parent="name"),
        order=2,
    )


def _schedule_step(api: Connection, existing: Existing, location: str, wanted: Wanted) -> Step:
    current = existing.schedules.get(wanted.name)
    after = own_fields(wanted.message)
    after.integration = integration_named(wanted.message.integration, location)
    after.trigger_id = after.trigger_id or f"api_trigger/{after.integration.rpartition('/')[2]}"
    before = None if current is None else own_fields(current)
    paused = current is not None and current.HasField("pause")
    pauses = wanted.message.HasField("pause") and not paused
    move, schedule_id = _move(before, after), wanted.name.rpartition("/")[2]

    def take() -> None:
        for line in [] if move is Move.KEEP else _write(api, wanted.name, before, after):
            where = wanted.document.where("cron_expression")
            note(f"{where}schedule {schedule_id}: {line}")
        if pauses:
            reason = wanted.message.pause.note
            api.schedules.PauseSchedule(
                schedules.PauseScheduleRequest(name=wanted.name, note=reason)
            )

    return Step(
        Move.UPDATE if pauses and move is Move.KEEP else move,
        "schedule",
        schedule_id,
        [*_lines(before, after), *(["+pause"] if pauses else [])],
        take,
        _blame(wanted.document, "schedule", schedule_id="name", parent="name", note="pause.note"),
        order=3,
    )


def _write(
    api: Connection, name: str, before: schedules.Schedule | None, after: schedules.Schedule
) -> list[str]:
    """Creates a schedule, or changes the fields that differ; returns what may surprise people."""
    if before is None:
        parent, _, schedule_id = name.rpartition(SCHEDULES)
        created = schedules.CreateScheduleRequest(
            parent=parent, schedule_id=schedule_id, schedule=after
        )
        return linted(api.schedules.CreateSchedule, created)[1]
    mask = {"paths": [*_differing(before, after)]}
    changed = schedules.UpdateScheduleRequest(name=name, schedule=after, update_mask=mask)
    return linted(api.schedules.UpdateSchedule, changed)[1]


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
