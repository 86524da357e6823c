"""Replaces settings while the server runs, as far as they can be replaced."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from tocsin.settings.loading import SettingsError
from tocsin.settings.serve import Settings

log = structlog.get_logger(__name__)

# Settings in [targets] that more than calls of targets were built with.
NEED_A_RESTART = ("networks", "concurrency", "payload_bytes", "max_payload_bytes")


@dataclass(frozen=True, slots=True)
class Changes:
    """Names the settings that a reload changed, and those that wait for a restart."""

    changed: list[str]
    need_a_restart: list[str]


class Reloading:
    """Reads the settings again, and puts those of targets and integrations in force.

    Args:
        settings: those that are in force.
        load: reads all settings as the start did.
        use: puts the settings of targets and integrations in force.
    """

    def __init__(
        self, settings: Settings, load: Callable[[], Settings], use: Callable[[Settings], None]
    ) -> None:
        self._settings = settings
        self._load = load
        self._use = use

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
        changes = Changes(
            list(_differences(before, self._settings)), list(_differences(self._settings, read))
        )
        if changes.changed:
            self._use(self._settings)
        log.info("settings reloaded", changed=changes.changed)
        if changes.need_a_restart:
            log.warning(
                "some settings changed that only a restart puts in force",
                settings=changes.need_a_restart,
            )
        return changes


def _replaced(before: Settings, read: Settings) -> Settings:
    """Returns the settings before with those of the read ones that can be replaced."""
    kept = {name: getattr(before.targets, name) for name in NEED_A_RESTART}
    targets = read.targets.model_copy(update=kept)
    return before.model_copy(update={"targets": targets, "integrations": read.integrations})


def _differences(before: Settings, after: Settings) -> Iterator[str]:
    """Yields the names of settings that differ; never values, which may be secrets."""
    return _paths(before.model_dump(), after.model_dump(), "")


def _paths(before: Any, after: Any, name: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            path = f"{name}.{key}" if name else key
            yield from _paths(before.get(key), after.get(key), path)
    elif before != after:
        yield name
