"""Replaces settings while the server runs, as far as they can be replaced."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import structlog

from tocsin.settings.loading import SettingsError
from tocsin.settings.serve import Settings

log = structlog.get_logger(__name__)

# Settings in [targets] that more than calls of targets were built with.
NEED_A_RESTART = ("networks", "concurrency", "payload_bytes", "max_payload_bytes")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

Kind = Literal["added", "removed", "changed"]


class Source(NamedTuple):
    """Says where settings come from; `load` reads all of them as the start did.

    `file` is None if no file is read. `load` raises SettingsError.
    """

    file: Path | None
    load: Callable[[], Settings]


@dataclass(frozen=True, slots=True)
class Changes:
    """Names the settings that a reload changed, and those that wait for a restart.

    Names are keys of TOML, such as `integrations.nightly.url`.
    """

    added: list[str]
    removed: list[str]
    changed: list[str]
    need_a_restart: list[str]

    def found(self) -> Mapping[str, list[str]]:
        """Returns the lists of what is in force now, without empty ones."""
        lists = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return {name: names for name, names in lists.items() if names}


class Reloading:
    """Reads the settings again, and puts those of targets and integrations in force.

    Args:
        settings: those that are in force.
        source: where they come from.
        use: puts the settings of targets and integrations in force.
    """

    def __init__(self, settings: Settings, source: Source, use: Callable[[Settings], None]) -> None:
        self._settings = settings
        self._load = source.load
        self._use = use
        self.file = source.file

    def reload(self) -> Changes:
        """Reads the settings, uses what can be replaced, and logs the names of what changed.

        Raises:
            SettingsError: the settings are wrong, and those before stay in force.
        """
        try:
            read = self._load()
        except SettingsError as error:
            log.error("could not reload the settings, those before stay in force", error=str(error))
            raise
        before, self._settings = self._settings, _replaced(self._settings, read)
        waiting = [name for _, name in _differences(self._settings, read)]
        changes = Changes(*_by_kind(_differences(before, self._settings)), waiting)
        if found := changes.found():
            self._use(self._settings)
            log.info("settings reloaded", **found)
        else:
            log.info("settings reloaded, none of those that can be replaced has changed")
        if waiting:
            log.warning("some settings changed that only a restart puts in force", settings=waiting)
        return changes


def _replaced(before: Settings, read: Settings) -> Settings:
    """Returns the settings before with those of the read ones that can be replaced."""
    kept = {name: getattr(before.targets, name) for name in NEED_A_RESTART}
    targets = read.targets.model_copy(update=kept)
    return before.model_copy(update={"targets": targets, "integrations": read.integrations})


def _by_kind(differences: Iterator[tuple[Kind, str]]) -> tuple[list[str], list[str], list[str]]:
    found: dict[Kind, list[str]] = {"added": [], "removed": [], "changed": []}
    for kind, name in differences:
        found[kind].append(name)
    return found["added"], found["removed"], found["changed"]


def _differences(before: Settings, after: Settings) -> Iterator[tuple[Kind, str]]:
    """Yields the names of settings that differ; never values, which may be secrets."""
    return _paths(before.model_dump(), after.model_dump(), "")


def _paths(
    before: Mapping[str, Any], after: Mapping[str, Any], above: str
) -> Iterator[tuple[Kind, str]]:
    for key in sorted({*before, *after}):
        name = above + (key if BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False))
        if key not in before:
            yield "added", name
        elif key not in after:
            yield "removed", name
        elif isinstance(before[key], dict) and isinstance(after[key], dict):
            yield from _paths(before[key], after[key], f"{name}.")
        elif before[key] != after[key]:
            yield "changed", name
