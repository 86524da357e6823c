"""Holds the settings of targets and integrations that are in force; a reload replaces them."""

from collections.abc import Callable, Mapping

from tocsin.targets.settings import IntegrationSettings, TargetSettings


class CurrentTargets:
    """Tells its listeners when a reload has replaced the settings."""

    def __init__(
        self, targets: TargetSettings, integrations: Mapping[str, IntegrationSettings]
    ) -> None:
        self.targets = targets
        self.integrations = integrations
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def replace(
        self, targets: TargetSettings, integrations: Mapping[str, IntegrationSettings]
    ) -> None:
        self.targets, self.integrations = targets, integrations
        for listener in self._listeners:
            listener()

    def concurrency_of(self, target: str) -> int:
        """Returns the most deliveries under way at once to a target, by its kind and id."""
        return self.targets.concurrency_of(target)
