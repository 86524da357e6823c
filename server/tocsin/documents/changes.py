"""Compares triggers as documents want them with those that a folder has."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from tocsin.documents.reading import Document, Problem
from tocsin.documents.triggers import Check, read_trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    UpdateTriggerRequest,
)

# Fills in what the server decides, so that it is no difference: `complete(after, before)`.
Complete: TypeAlias = Callable[[Trigger, Trigger | None], None]

CHANGEABLE = ("name", "description", "labels", "rule")
_TARGETS = ("function", "container", "workflow", "gateway")


class ApplySet(NamedTuple):
    """Names the triggers that belong together, by a label of theirs."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True, slots=True)
class WantedTrigger:
    """Holds a trigger that a document wants, with its folder."""

    document: Document
    trigger: Trigger

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by in its folder."""
        return self.trigger.folder_id, self.trigger.name or self.trigger.id


class Move(StrEnum):
    """Says what becomes of a trigger."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"
    KEEP = "="


@dataclass(frozen=True, slots=True)
class Change:
    """Says what is to be done to one trigger.

    `before` is None for a new one, `after` for one to delete. `paths` are the fields to update, as
    few as can be. `after` has the status that it will have.
    """

    move: Move
    before: Trigger | None
    after: Trigger | None
    wanted: WantedTrigger | None
    paths: tuple[str, ...] = ()
    warning: str = ""

    @property
    def trigger(self) -> Trigger:
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def pauses(self) -> bool:
        return self._status_becomes(Trigger.PAUSED)

    @property
    def resumes(self) -> bool:
        return self._status_becomes(Trigger.ACTIVE)

    def update_request(self) -> UpdateTriggerRequest:
        """Returns the request that writes only the fields that differ."""
        after = self.trigger
        return UpdateTriggerRequest(
            trigger_id=after.id,
            update_mask={"paths": self.paths},
            name=after.name,
            description=after.description,
            labels=after.labels,
            rule=after.rule,
        )

    def _status_becomes(self, status: int) -> bool:
        if self.before is None or self.after is None:
            return False
        return self.before.status != status and self.after.status == status


@dataclass(slots=True)
class Changes:
    """Holds what is to be done, and what forbids it: nothing is done if there are problems."""

    changes: list[Change] = field(default_factory=list)
    problems: list[tuple[Document, Problem]] = field(default_factory=list)

    def of(self, move: Move) -> list[Change]:
        return [change for change in self.changes if change.move is move]


def read_wanted(
    documents: Iterable[Document], folder_id: str, apply_set: ApplySet | None, check: Check
) -> tuple[list[WantedTrigger], list[tuple[Document, Problem]]]:
    """Reads the triggers of documents, and checks all of them.

    Args:
        documents: the documents, of several files.
        folder_id: the folder of triggers that name none; may be empty.
        apply_set: the label that all of them get, or None.
        check: lists the violations of a trigger.
    """
    wanted: dict[tuple[str, str], WantedTrigger] = {}
    problems = []
    for document in documents:
        trigger, wrong = read_trigger(document, check)
        trigger.folder_id = trigger.folder_id or folder_id
        each = WantedTrigger(document, trigger)
        wrong += _beyond_contract(each, apply_set)
        first = wanted.setdefault(each.key, each)
        if first is not each and each.key[1]:
            where = f"{first.document.name}:{first.document.place.line}"
            text = f"{each.key[1]} is in {where} already"
            wrong.append(Problem(document.place_of("name"), "name", text))
        problems += [(document, problem) for problem in wrong]
    return list(wanted.values()), problems


def _beyond_contract(wanted: WantedTrigger, apply_set: ApplySet | None) -> Iterator[Problem]:
    """Yields what is wrong with a trigger for `apply`; puts it into its apply set."""
    document, trigger = wanted.document, wanted.trigger
    if not trigger.folder_id:
        yield Problem(
            document.place,
            "folder_id",
            "is missing: name it here, or for all files by --folder (--apply-folder of serve)",
        )
    if not trigger.name and not trigger.id:
        yield Problem(document.place, "name", "is missing: a trigger is found by its name")
    if apply_set is not None:
        given = trigger.labels.get(apply_set.key, apply_set.value)
        if given != apply_set.value:
            path = f"labels[{apply_set.key}]"
            text = f"must be {apply_set.value}, as the selector says, not {given}"
            yield Problem(document.place_of(path), path, text)
        trigger.labels[apply_set.key] = apply_set.value


def changes_of(
    wanted: Sequence[WantedTrigger],
    existing: Mapping[str, Sequence[Trigger]],
    *,
    complete: Complete,
    apply_set: ApplySet | None = None,
    prune: bool = False,
) -> Changes:
    """Compares what documents want with what folders have.

    Args:
        wanted: the triggers of all documents.
        existing: all triggers of the folders, by folder.
        complete: fills in what the server decides.
        apply_set: the label of these documents, or None.
        prune: whether triggers with this label that no document wants are deleted.
    """
    made = Changes()
    found = {folder: _Found.of(triggers) for folder, triggers in existing.items()}
    kept = set()
    for each in wanted:
        before = found[each.trigger.folder_id].before(each.trigger)
        if before is not None:
            kept.add(before.id)
        problem = _forbidden(each, before, apply_set)
        if problem is not None:
            made.problems.append((each.document, problem))
        else:
            made.changes.append(_change(each, before, complete))
    if prune and apply_set is not None:
        made.changes += [
            Change(Move.DELETE, trigger, None, None)
            for triggers in existing.values()
            for trigger in triggers
            if trigger.id not in kept and trigger.labels.get(apply_set.key) == apply_set.value
        ]
    return made


class _Found(NamedTuple):
    """Holds the triggers of a folder, by what documents find them by."""

    by_id: dict[str, Trigger]
    by_name: dict[str, Trigger]

    @classmethod
    def of(cls, triggers: Sequence[Trigger]) -> "_Found":
        by_name = {trigger.name: trigger for trigger in triggers if trigger.name}
        return cls({trigger.id: trigger for trigger in triggers}, by_name)

    def before(self, wanted: Trigger) -> Trigger | None:
        """Returns the trigger of this id, which may get another name, or else of this name."""
        return self.by_id.get(wanted.id) or self.by_name.get(wanted.name)


def _change(wanted: WantedTrigger, before: Trigger | None, complete: Complete) -> Change:
    after = Trigger()
    after.CopyFrom(wanted.trigger)
    complete(after, before)
    if before is None:
        after.status = after.status or Trigger.ACTIVE
        return Change(Move.CREATE, None, after, wanted)
    after.id = before.id
    after.created_at.CopyFrom(before.created_at)
    warning = ""
    if not after.status:
        after.status = before.status
        if before.status == Trigger.PAUSED:
            warning = "is paused, and stays so: its document does not say `status: ACTIVE`"
    paths = tuple(differing_paths(before, after))
    same = not paths and after.status == before.status
    return Change(Move.KEEP if same else Move.UPDATE, before, after, wanted, paths, warning)


def _forbidden(
    wanted: WantedTrigger, before: Trigger | None, apply_set: ApplySet | None
) -> Problem | None:
    """Returns why a trigger can't become what its document wants, or None."""
    document, trigger = wanted.document, wanted.trigger
    if before is None:
        if trigger.name:
            return None
        text = f"the folder has no trigger {trigger.id}: give it a name"
        return Problem(document.place_of("id"), "id", text)
    other = before.labels.get(apply_set.key) if apply_set is not None else None
    if apply_set is not None and other not in (None, apply_set.value):
        text = (
            f"{trigger.name or trigger.id} belongs to {apply_set.key}={other}, not to {apply_set}"
        )
        return Problem(document.place_of("name"), "name", text)
    kinds = [each.rule.WhichOneof("rule") for each in (before, trigger)]
    if kinds[0] != kinds[1]:
        text = f"the kind of a trigger can't be changed, it is a {kinds[0]}: delete it before"
        return Problem(document.place_of("rule"), "rule", text)
    targets = [target_of(each.rule) for each in (before, trigger)]
    if targets[0] != targets[1]:
        path = f"rule.{kinds[0]}"
        text = f"the type of its target can't be changed, it is a {targets[0]}: delete it before"
        return Problem(document.place_of(path), path, text)
    return None


def target_of(rule: Trigger.Rule) -> str | None:
    """Returns what type of target a rule calls: function, container, workflow or gateway."""
    kind = rule.WhichOneof("rule")
    action = getattr(rule, kind).WhichOneof("action") if kind else None
    return next((each for each in _TARGETS if action and each in action), None)


def differing_paths(before: Trigger, after: Trigger) -> Iterator[str]:
    """Yields the shortest update mask that makes one trigger the other."""
    for name in CHANGEABLE:
        descriptor: Any = Trigger.DESCRIPTOR.fields_by_name[name]
        yield from _differing(before, after, descriptor, "")


def _differing(before: Any, after: Any, field_: Any, above: str) -> Iterator[str]:
    name, path = field_.name, above + field_.name
    if field_.is_repeated or field_.message_type is None:
        if getattr(before, name) != getattr(after, name):
            yield path
        return
    there, wanted = before.HasField(name), after.HasField(name)
    if not there and not wanted:
        return
    oneof = field_.containing_oneof
    if there and not wanted and oneof is not None and after.WhichOneof(oneof.name):
        return  # the other member takes its place
    if there != wanted or field_.message_type.file.package == "google.protobuf":
        if there != wanted or getattr(before, name) != getattr(after, name):
            yield path
        return
    for inner in field_.message_type.fields:
        yield from _differing(getattr(before, name), getattr(after, name), inner, f"{path}.")
