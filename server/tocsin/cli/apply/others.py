"""Reads documents of what is not a trigger: accounts, bindings, integrations and schedules."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from google.protobuf.message import Message

from tocsin.cli.executions.names import integration_named
from tocsin.contract.validation import REQUIRED, Violation, validator
from tocsin.documents.reading import Document, Problem
from tocsin.documents.triggers import KIND_FIELD
from tocsin.schedule import Cron, CronError
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.tocsin.v1 import access_service_pb2 as access
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as schedules

ACCOUNT = "ServiceAccount"
BINDING = "Binding"
INTEGRATION = "Integration"
SCHEDULE = "Schedule"
KINDS = (INTEGRATION, SCHEDULE, ACCOUNT, BINDING)


class Wanted(NamedTuple):
    """Holds what a document wants.

    Attributes:
        document: where it stands.
        message: the message of its kind, as the document has it.
        name: its full name; of an account, its folder and its name; of a binding, its resource.
    """

    document: Document
    message: Any
    name: str


@dataclass
class Others:
    """Holds the documents of these kinds, and what is wrong with them."""

    folder: str
    location: str
    wanted: dict[str, list[Wanted]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    problems: list[tuple[Document, Problem]] = field(default_factory=list)
    _first: dict[tuple[str, str], Document] = field(default_factory=dict)

    def read(self, kind: str, document: Document) -> bool:
        """Reads a document; returns whether its kind is one of these."""
        if kind not in KINDS:
            return False
        message, required = _empty(kind)
        self._keep(kind, document, message, required)
        return True

    @property
    def is_empty(self) -> bool:
        return not any(self.wanted.values())

    def needing_access(self) -> list[Document]:
        """Returns the accounts and bindings, which only access control has."""
        return [each.document for kind in (ACCOUNT, BINDING) for each in self.wanted[kind]]

    def _keep(self, kind: str, document: Document, message: Any, required: tuple[str, ...]) -> None:
        problems = document.read(message, beside=(KIND_FIELD,))
        missing = [Violation(name, "is missing") for name in required if not getattr(message, name)]
        if (homeless := self._homeless(message)) is not None:
            missing.append(homeless)
        problems += document.beyond(problems, [*missing, *violations_of(message)])
        wanted = Wanted(document, message, self._name(message))
        if kind != BINDING and message.name:
            problems += self._repeated(kind, wanted)
        self.problems += [(document, problem) for problem in problems]
        self.wanted[kind].append(wanted)

    def _name(self, message: Any) -> str:
        match message:
            case access.Account():
                return f"{message.folder_id or self.folder}/{message.name}"
            case access.Binding():
                return message.resource or f"folders/{self.folder}"
            case schedules.Schedule() if "/" not in message.name:
                return f"{self.location}/schedules/{message.name}"
            case schedules.Schedule():
                return str(message.name)
        return integration_named(message.name, self.location)

    def _homeless(self, message: Any) -> Violation | None:
        """Returns what is wrong with an account or a binding that belongs to no folder."""
        by_option = "is missing: name it here, or a folder for all files by --folder"
        if isinstance(message, access.Account) and not (message.folder_id or self.folder):
            return Violation("folder_id", by_option)
        if isinstance(message, access.Binding) and not (message.resource or self.folder):
            return Violation("resource", by_option)
        return None

    def _repeated(self, kind: str, wanted: Wanted) -> Iterator[Problem]:
        """Yields what is wrong with a second document of one thing."""
        document = wanted.document
        first = self._first.setdefault((kind, wanted.name), document)
        if first is not document:
            text = f"{wanted.message.name} is in {first.name}:{first.place.line} already"
            yield Problem(document.place_of("name"), "name", text)


def _empty(kind: str) -> tuple[Any, tuple[str, ...]]:
    """Returns an empty message of a kind, and the fields that its documents must have."""
    match kind:
        case "ServiceAccount":
            return access.Account(), ("name",)
        case "Binding":
            return access.Binding(), ("subject", "role")
        case "Integration":
            return IntegrationVersion(), ("name",)
    return schedules.Schedule(), ("name", "integration", "cron_expression")


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
