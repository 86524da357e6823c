"""Limits calls, bad credentials, and invocations. Each node counts for itself."""

from tocsin.access.buckets import Buckets, Rate
from tocsin.access.networks import net_of
from tocsin.access.permissions.bindings import EVERYTHING
from tocsin.gate.floods import Floods
from tocsin.gate.settings import LimitSettings
from tocsin.gate.unproven_bodies import UnprovenBodies
from tocsin.schedule import Clock
from tocsin.wire import errors

MINUTE = 60.0


class CallLimits:
    def __init__(self, settings: LimitSettings, clock: Clock) -> None:
        self._settings = settings
        self.floods = Floods(clock)
        self._calls = None if settings.calls is None else Buckets(settings.calls, clock)
        self._bad_credentials = _a_minute(settings.bad_credentials_per_minute, clock)
        self.unproven_bodies = UnprovenBodies(settings.bad_credentials_per_minute, clock)
        self._invocations = _a_minute(settings.invocations_per_minute, clock)

    @property
    def of_invocations(self) -> bool:
        return self._invocations is not None

    @property
    def of_calls(self) -> bool:
        return self._calls is not None

    def call(self, caller: str) -> None:
        """Counts a call of a caller.

        Raises:
            ApiError: the caller makes too many calls.
        """
        if self._calls is not None and (wait := self._calls.take(caller)):
            raise errors.too_many_calls(wait)

    def refuse_guessing(self, peer: str) -> None:
        """Checks an address before a credential that it sent is checked.

        Raises:
            ApiError: the address has sent too many bad credentials.
        """
        if self._bad_credentials is not None and (wait := self._bad_credentials.wait(net_of(peer))):
            self.floods.refused(net_of(peer))
            raise errors.too_many_bad_credentials(wait)

    def no_credential(self, peer: str) -> None:
        """Counts a call without a credential, apart from bad credentials.

        Raises:
            ApiError: the address makes too many such calls, which the audit log must not fill.
        """
        if self._bad_credentials is None:
            return
        net = net_of(peer)
        if wait := self._bad_credentials.take(f"{net} without"):
            self.floods.refused(net)
            raise errors.too_many_bad_credentials(wait)

    def bad_credential(self, peer: str) -> None:
        """Counts a bad credential."""
        if self._bad_credentials is not None:
            self._bad_credentials.take(net_of(peer))

    def invocations(self, resource: str, caller: str, count: int) -> None:
        """Counts invocations that a call will make, for its folder or project, or its caller.

        Raises:
            ApiError: the quota is used up.
        """
        subject = caller if resource == EVERYTHING else "/".join(resource.split("/")[:2])
        if self._invocations is None or not count:
            return
        if wait := self._invocations.take(subject, count):
            most = self._settings.invocations_per_minute or 0
            raise errors.too_many_invocations(subject, most, wait)

    def payload(self, resource: str, size: int) -> None:
        """Checks the size of a request with a payload.

        Raises:
            ApiError: the request is too large.
        """
        most = self._settings.payload_bytes
        if most is not None and size > most:
            raise errors.payload_over_quota(resource, size, most)


def _a_minute(per_minute: float | None, clock: Clock) -> Buckets | None:
    return None if per_minute is None else Buckets(Rate(per_minute / MINUTE, per_minute), clock)
