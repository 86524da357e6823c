"""Uses a server that you named."""

import uuid
from datetime import datetime

from tocsin.testing.child import Child
from tocsin.testing.failure import TocsinError
from tocsin.testing.triggers import SERVICE, list_ids


def new_folder() -> str:
    """Returns the id of a folder that nobody else has."""
    return f"b1g{uuid.uuid4().hex[:17]}"


class NamedServer:
    """A server that runs somewhere; the test has a folder of its own there.

    Its targets must be set to the address at which the tests' functions are served.
    """

    def __init__(self, child: Child, address: str, folder: str) -> None:
        self._child = child
        self._folder = folder
        self.grpc = address
        self._child.ask("connect", address=address)
        try:
            self._child.call("tocsin.v1.ClockService/Get", {})
        except TocsinError as error:
            if error.code != "UNIMPLEMENTED":
                raise
            raise TocsinError(
                f"the server at {address} has the system's clock, which tests can't move: "
                "start it with --clock manual"
            ) from error

    def rest(self, _now: datetime) -> str:
        raise TocsinError(f"only you know where {self.grpc}, which you named, serves REST")

    def restart(self, _now: datetime) -> None:
        raise TocsinError(f"only you can restart {self.grpc}, which you named")

    def integrate(self, integration: str) -> None:
        """Does nothing: the server's owner has set its integrations."""

    def end(self) -> None:
        for trigger_id in [*list_ids(self._child.call, self._folder)]:
            self._child.call(f"{SERVICE}/Delete", {"triggerId": trigger_id})
