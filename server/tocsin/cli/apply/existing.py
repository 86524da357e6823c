"""Finds what a server has of the things that documents name, in as few calls as it can."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc

from tocsin.cli.connection import Connection, pages, reasons_of
from tocsin.cli.executions.names import EVERY
from tocsin.documents.reading import Document, Problem
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as versions
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.tocsin.v1 import access_service_pb2 as access
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as schedules
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

Problems: TypeAlias = list[tuple[Document, Problem]]

INTEGRATIONS = "/integrations/"
SCHEDULES = "/schedules/"

# Codes by which a server refuses what a document names; others are about the call or the server.
_OF_DOCUMENT = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNIMPLEMENTED,
}


@contextmanager
def blaming(documents: Collection[Document], name: str, problems: Problems) -> Iterator[None]:
    """Makes a refusal by the server a problem of the documents that led to the question.

    Args:
        documents: each of them gets the problem.
        name: the field of the documents that led to the question.
        problems: what they are added to.

    Raises:
        grpc.RpcError: the call failed for a reason that is not in the documents.
    """
    try:
        yield
    except grpc.RpcError as error:
        call: Any = error
        if not documents or call.code() not in _OF_DOCUMENT:
            raise
        problems += [
            (document, Problem(document.place_of(name), name, reason))
            for document in documents
            for reason in reasons_of(call)
        ]


@dataclass
class Existing:
    """Holds what a server has, by the names that documents give, and what it refuses to say.

    Attributes:
        accounts: the ids of service accounts, by folder and name.
        bindings: the resource, the subject and the role of each.
        versions: published versions, by the full names of their integrations.
        schedules: schedules, by their full names.
        problems: refusals, by the documents that led to them.
    """

    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    bindings: set[tuple[str, str, str]] = field(default_factory=set)
    versions: dict[str, IntegrationVersion] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    problems: Problems = field(default_factory=list)

    def find_accounts(self, api: Connection, folders: Mapping[str, Sequence[Document]]) -> None:
        """Lists the service accounts of each folder, once."""
        for folder, documents in folders.items():
            request = access.ListAccountsRequest(
                folder_id=folder, kind=access.Account.KIND_SERVICE_ACCOUNT
            )
            with blaming(documents, "folder_id", self.problems):
                for account in pages(api.access.ListAccounts, request, "accounts"):
                    self.accounts[folder, account.name] = account.id

    def find_bindings(self, api: Connection, resources: Mapping[str, Sequence[Document]]) -> None:
        """Lists the bindings on each resource, once."""
        for resource, documents in resources.items():
            request = access.ListBindingsRequest(resource=resource)
            with blaming(documents, "resource", self.problems):
                for each in pages(api.access.ListBindings, request, "bindings"):
                    self.bindings.add((resource, each.subject, each.role))

    def find_versions(self, api: Connection, named: Mapping[str, Document]) -> None:
        """Lists the published versions of a location once, if several are asked for.

        Where this list is refused, it asks for each integration: roles may be on these alone.
        """
        for location, of_location in _by_location(named, INTEGRATIONS).items():
            refused: Problems = []
            if len(of_location) > 1:
                with blaming(of_location.values(), "name", refused):
                    self._list_versions(api, location, EVERY)
                if not refused:
                    continue
            for integration, document in of_location.items():
                with blaming([document], "name", self.problems):
                    self._list_versions(api, location, integration)

    def _list_versions(self, api: Connection, location: str, integration: str) -> None:
        request = versions.ListIntegrationVersionsRequest(
            parent=f"{location}{INTEGRATIONS}{integration}", filter="state = ACTIVE"
        )
        listed = pages(api.versions.ListIntegrationVersions, request, "integration_versions")
        for version in listed:
            self.versions[f"{location}{INTEGRATIONS}{_integration(version.name)}"] = version

    def find_schedules(self, api: Connection, named: Mapping[str, Document]) -> None:
        """Lists the schedules of each location, once."""
        for location, of_location in _by_location(named, SCHEDULES).items():
            request = schedules.ListSchedulesRequest(parent=location)
            with blaming(of_location.values(), "name", self.problems):
                for schedule in pages(api.schedules.ListSchedules, request, "schedules"):
                    self.schedules[schedule.name] = schedule


def _by_location(
    named: Mapping[str, Document], collection: str
) -> defaultdict[str, dict[str, Document]]:
    """Groups documents by their locations, and then by the last parts of their names."""
    groups: defaultdict[str, dict[str, Document]] = defaultdict(dict)
    for full, document in named.items():
        location, _, name = full.rpartition(collection)
        groups[location][name] = document
    return groups


def _integration(version: str) -> str:
    """Returns the last name of a version's integration."""
    return version.partition(INTEGRATIONS)[2].partition("/")[0]
