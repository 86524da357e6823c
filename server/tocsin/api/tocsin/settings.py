"""Serves `tocsin.v1.SettingsService`, which reads the settings of a node again."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from tocsin.wire import errors
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import settings_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["SettingsService"]


class SettingsRefused(Exception):
    """The settings are wrong, and those before stay in force; the message says what is wrong."""


class Changes(Protocol):
    """Names the settings that a reload changed, and those that wait for a restart."""

    @property
    def added(self) -> list[str]: ...

    @property
    def removed(self) -> list[str]: ...

    @property
    def changed(self) -> list[str]: ...

    @property
    def need_a_restart(self) -> list[str]: ...


class Reloadable(NamedTuple):
    """Holds a file of settings and what reads it again, which raises SettingsRefused."""

    file: str
    reload: Callable[[], Changes]


class SettingsService:
    """Serves `SettingsService`.

    Args:
        node: this node's id.
        host: the name of its host.
        reloadable: the file of its settings; None if it was started without one.
    """

    def __init__(self, node: str, host: str, reloadable: Reloadable | None) -> None:
        self._node = node
        self._host = host
        self._reloadable = reloadable

    def methods(self) -> dict[str, Method]:
        return {"ReloadSettings": self.reload}

    async def reload(
        self, _request: contract.ReloadSettingsRequest
    ) -> contract.ReloadSettingsResponse:
        """Puts the settings of targets and integrations in force."""
        if self._reloadable is None:
            raise errors.no_settings_file(self._host)
        try:
            changes = self._reloadable.reload()
        except SettingsRefused as error:
            raise errors.settings_refused(self._host, str(error)) from error
        return contract.ReloadSettingsResponse(
            node=self._node,
            host=self._host,
            file=self._reloadable.file,
            added=changes.added,
            removed=changes.removed,
            changed=changes.changed,
            need_restart=changes.need_a_restart,
        )
