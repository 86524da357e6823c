"""Writes what a server has as documents that `apply` reads."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from tocsin.cli.apply.other_steps import LEFT_OUT, SERVICE_ACCOUNT, own_fields
from tocsin.cli.connection import Connection, pages
from tocsin.cli.executions.names import integration_named
from tocsin.documents.plain_form import json_form, plain_form
from tocsin.documents.triggers import KIND_FIELD, file_name, written
from tocsin.documents.writing import as_yaml
from tocsin.printable import printable_json
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as versions
from tocsin_protos.tocsin.v1 import access_service_pb2 as access
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as schedules
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

# It could lead out of a directory.
_NOT_IN_FILE_NAMES = re.compile(r"[^-a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Written:
    """A document: its file without a suffix, and its fields: those of a message between others."""

    file: str
    message: Message
    head: Mapping[str, Any] = field(default_factory=dict)
    tail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def yaml(self) -> str:
        """Returns it as YAML."""
        return as_yaml({**self.head, **plain_form(self.message), **self.tail})

    @property
    def fields(self) -> dict[str, Any]:
        """Returns its fields as JSON has them."""
        return {**self.head, **json_form(self.message), **self.tail}


def json_of(documents: Sequence[Written]) -> str:
    """Returns one document as JSON, or a list of several or of none."""
    values = [each.fields for each in documents]
    value = values[0] if len(values) == 1 else values
    return printable_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def triggers_of(api: Connection, folder: str) -> list[Trigger]:
    """Returns the triggers of a folder, ordered by name."""
    request = contract.ListTriggersRequest(folder_id=folder)
    found = list(pages(api.triggers.List, request, "triggers"))
    return sorted(found, key=lambda trigger: (trigger.name, trigger.id))


def of_trigger(trigger: Trigger) -> Written:
    return Written(file_name(trigger), written(trigger))


def accounts_of(api: Connection, folder: str) -> Iterator[Written]:
    """Yields the service accounts of a folder, without those of the server's settings."""
    for account in _accounts(api, folder):
        if not account.configured:
            head = {KIND_FIELD: "ServiceAccount", "name": account.name}
            yield Written(_file("accounts", account.name), access.Account(), head)


def bindings_of(api: Connection, folder: str) -> Iterator[Written]:
    """Yields the bindings on a folder; service accounts of the folder go by their names."""
    names = {account.id: account.name for account in _accounts(api, folder)}
    request = access.ListBindingsRequest(resource=f"folders/{folder}")
    for binding in pages(api.access.ListBindings, request, "bindings"):
        if not binding.configured:
            account = binding.subject.removeprefix(SERVICE_ACCOUNT)
            known = names.get(account) if account != binding.subject else None
            subject = f"{SERVICE_ACCOUNT}{known}" if known else binding.subject
            yield Written(
                _file("bindings", f"{binding.role} {subject}"),
                access.Binding(subject=subject, role=binding.role),
                {KIND_FIELD: "Binding"},
            )


def integrations_of(api: Connection, location: str) -> Iterator[Written]:
    """Yields the published version of each integration of a location."""
    request = versions.ListIntegrationVersionsRequest(
        parent=integration_named("", location), filter="state = ACTIVE"
    )
    found = pages(api.versions.ListIntegrationVersions, request, "integration_versions")
    for version in sorted(found, key=lambda each: str(each.name)):
        name = version.name.partition("/integrations/")[2].partition("/")[0]
        message = own_fields(version)
        for each in LEFT_OUT:
            message.ClearField(each)
        yield Written(
            _file("integrations", name), message, {KIND_FIELD: "Integration", "name": name}
        )


def schedules_of(api: Connection, location: str) -> Iterator[Written]:
    """Yields the schedules of a location, with the pause of those that are paused."""
    request = schedules.ListSchedulesRequest(parent=location)
    for schedule in pages(api.schedules.ListSchedules, request, "schedules"):
        name = schedule.name.rpartition("/")[2]
        message = own_fields(schedule)
        message.integration = schedule.integration.removeprefix(f"{location}/integrations/")
        note = {"note": schedule.pause.note} if schedule.pause.note else {}
        tail = {"pause": note} if schedule.HasField("pause") else {}
        head = {KIND_FIELD: "Schedule", "name": name}
        yield Written(_file("schedules", name), message, head, tail)


def _accounts(api: Connection, folder: str) -> list[access.Account]:
    request = access.ListAccountsRequest(folder_id=folder, kind=access.Account.KIND_SERVICE_ACCOUNT)
    found = list(pages(api.access.ListAccounts, request, "accounts"))
    return sorted(found, key=lambda account: str(account.name))


def _file(directory: str, name: str) -> str:
    """Returns what a document's file is called, whatever a server says."""
    return f"{directory}/{_NOT_IN_FILE_NAMES.sub('_', name)}"
