"""Decides what a subject may do by its bindings, which are cached for a few seconds."""

from collections.abc import Iterable
from typing import NamedTuple

from tocsin.access.asked_once import AskedOnce
from tocsin.access.permissions.bindings import (
    ALL_AUTHENTICATED_USERS,
    EVERYTHING,
    Binding,
    Bindings,
)
from tocsin.access.permissions.resources import lineage
from tocsin.access.permissions.roles import ROLES
from tocsin.schedule import Clock

# Seconds that grants are cached; a revoked role works that much longer, on any node.
CACHED_SECONDS = 3.0
MOST_SUBJECTS = 10_000


class Grants:
    """Holds the permissions of one subject by resource; everything else is denied."""

    __slots__ = ("_anywhere", "_of")

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self._of: dict[str, frozenset[str]] = {}
        for binding in bindings:
            # A role that this version does not know grants nothing.
            if (role := ROLES.get(binding.role)) is not None:
                before = self._of.get(binding.resource, frozenset())
                self._of[binding.resource] = before | role.permissions
        self._anywhere = frozenset[str]().union(*self._of.values())

    def allow(self, permission: str, resource: str) -> bool:
        """Returns whether a role on the resource, on one above it or on `*` has the permission."""
        permissions_of = self._of
        for name in lineage(resource):
            if (granted := permissions_of.get(name)) is not None and permission in granted:
                return True
        return False

    def allow_somewhere(self, permission: str) -> bool:
        return permission in self._anywhere

    def allow_everywhere(self, permission: str) -> bool:
        return permission in self._of.get(EVERYTHING, ())


class _Cached(NamedTuple):
    grants: Grants
    until: float


class GrantsOfSubjects:
    """Reads the bindings of each subject that calls, and caches them for CACHED_SECONDS."""

    def __init__(self, bindings: Bindings, machine_clock: Clock) -> None:
        self._bindings = bindings
        self._machine_clock = machine_clock
        self._cached: dict[str, _Cached] = {}
        self._reading = AskedOnce(self._read)

    async def of(self, subject: str) -> Grants:
        """Returns what a subject may do.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        cached = self._cached.get(subject)
        if cached is not None and self._machine_clock.monotonic() < cached.until:
            return cached.grants
        return await self._reading.of(subject)

    async def _read(self, subject: str) -> Grants:
        began = self._machine_clock.monotonic()
        bindings = await self._bindings.bindings_of((subject, ALL_AUTHENTICATED_USERS))
        grants = Grants(bindings)
        self._cached.pop(subject, None)
        if len(self._cached) >= MOST_SUBJECTS:
            del self._cached[next(iter(self._cached))]
        self._cached[subject] = _Cached(grants, began + CACHED_SECONDS)
        return grants
