"""Defines the gate, which checks each call before its method.

The order of a call: `Guard.admit` authenticates the caller by the metadata alone and limits calls,
the request is parsed, `Admitted.authorise` checks permissions, the request is validated,
`Admitted.charge` counts quotas, the method runs, `Admitted.ended` is called. So callers without
permission learn nothing of the rules that their request breaks.
"""

from typing import Any, Protocol

from google.protobuf.descriptor import MethodDescriptor

from tocsin.wire.calls import Arrival, Call
from tocsin.wire.errors import ApiError


class UnknownNeed(Exception):
    """The permissions of a method are not defined, so the server does not start."""


class Admitted(Protocol):
    """A call with an authenticated caller, or of a method that needs none."""

    async def authorise(self, request: Any) -> Call:
        """Checks the caller's permissions; returns the call for the method.

        The request was parsed, but may break any rule of its contract.

        Raises:
            ApiError: a permission is missing; the error hides whether the resource exists.
        """

    async def charge(self, request: Any) -> None:
        """Counts a valid request against the quotas.

        Raises:
            ApiError: a quota is used up.
        """

    def ended(self, outcome: bytes | ApiError | None) -> None:
        """Called with the outcome, None if the client hung up before. Must not raise."""


class Guard(Protocol):
    """Admits the calls of one method."""

    async def admit(self, arrival: Arrival) -> Admitted:
        """Authenticates the caller, and sets the arrival's caller, before the request is parsed.

        Raises:
            ApiError: the credential is missing or invalid, or the caller calls too often.
        """

    async def check_caller(self, arrival: Arrival) -> Admitted:
        """Does the same again while a call is open, and does not count it.

        Raises:
            ApiError: the credential is no longer valid.
        """


class Gate(Protocol):
    def guard(self, method: MethodDescriptor) -> Guard:
        """Returns the guard of a method; called once for each method, at the start.

        Raises:
            UnknownNeed: the permissions of the method are not defined.
        """
