"""May they: what the bindings of a subject come to, and how long that is believed."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from tocsin.access.permissions.bindings import (
    ALL_AUTHENTICATED_USERS,
    EVERYTHING,
    Binding,
    Bindings,
)
from tocsin.access.permissions.resources import lineage
from tocsin.access.permissions.roles import ROLES
from tocsin.schedule import Clock

# A right that was taken away ends after this time, on any node.
BELIEVED_SECONDS = 3.0
MOST_SUBJECTS = 10_000


class Grants:
    """What one subject may do, by resource. What nothing allows is denied."""

    __slots__ = ("_anywhere", "_of")

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self._of: dict[str, frozenset[str]] = {}
        for binding in bindings:
            # A role that this version does not know allows nothing.
            if (role := ROLES.get(binding.role)) is not None:
                held = self._of.get(binding.resource, frozenset())
                self._of[binding.resource] = held | role.permissions
        self._anywhere = frozenset[str]().union(*self._of.values())

    def allow(self, permission: str, resource: str) -> bool:
        """Tells whether a role on the resource, on one that it is below of or on `*` allows it."""
        of = self._of
        for each in lineage(resource):
            if (held := of.get(each)) is not None and permission in held:
                return True
        return False

    def allow_somewhere(self, permission: str) -> bool:
        return permission in self._anywhere

    def allow_everywhere(self, permission: str) -> bool:
        return permission in self._of.get(EVERYTHING, ())


class _Believed(NamedTuple):
    grants: Grants
    until: float


class GrantsOfSubjects:
    """Asks for the bindings of each subject every few seconds while it calls."""

    def __init__(self, bindings: Bindings, clock: Clock) -> None:
        self._bindings = bindings
        self._clock = clock
        self._believed: dict[str, _Believed] = {}
        self._asked: dict[str, asyncio.Task[Grants]] = {}

    async def of(self, subject: str) -> Grants:
        """Returns what a subject may do.

        Raises:
            StoreUnavailable: that can't be found out.
        """
        believed = self._believed.get(subject)
        if believed is not None and self._clock.monotonic() < believed.until:
            return believed.grants
        asked = self._asked.get(subject)
        if asked is None:
            asked = self._asked[subject] = asyncio.create_task(self._ask(subject))
            asked.add_done_callback(lambda _: self._asked.pop(subject, None))
        # Who hangs up does not take the answer from those who wait for it too.
        return await asyncio.shield(asked)

    async def _ask(self, subject: str) -> Grants:
        asked_at = self._clock.monotonic()
        found = await self._bindings.bindings_of((subject, ALL_AUTHENTICATED_USERS))
        grants = Grants(found)
        self._believed.pop(subject, None)
        if len(self._believed) >= MOST_SUBJECTS:
            del self._believed[next(iter(self._believed))]
        self._believed[subject] = _Believed(grants, asked_at + BELIEVED_SECONDS)
        return grants
