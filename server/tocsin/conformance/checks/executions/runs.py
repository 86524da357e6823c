"""Schedules and executes the integration of the run over REST, and looks at what becomes of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from tocsin.conformance.expecting import Code, expect_rest_ok, rest_code
from tocsin.conformance.made import Made
from tocsin.conformance.peer import Peer
from tocsin.conformance.wire.rest import RestAnswer

# No run lives to see it.
NEVER = "2098-01-01T00:00:00Z"
FEATURE = "executions"

Pairs = Sequence[tuple[str, str]]


class Runs:
    """Runs the integration; what still waits after the check is cancelled."""

    def __init__(self, peer: Peer, made: Made) -> None:
        self.peer = peer
        self._made = made

    @property
    def short(self) -> str:
        """The last part of the integration's name."""
        return self.peer.integration.rpartition("/")[2]

    @property
    def of_product(self) -> str:
        """The integration's name below a product."""
        return f"{self.peer.location}/products/apigee/integrations/{self.short}"

    def name(self, execution_id: str, integration: str | None = None) -> str:
        """Returns the name of an execution, below the run's integration or another one."""
        return f"{integration or self.peer.integration}/executions/{execution_id}"

    def waiting(self, version: str = "v1", integration: str | None = None, **more: Any) -> str:
        """Schedules for a time that no run lives to see; returns the id of the execution."""
        return self.scheduled(version, integration, scheduleTime=NEVER, **more)

    def scheduled(self, version: str = "v1", integration: str | None = None, **more: Any) -> str:
        """Schedules; returns the id of the execution."""
        body = {"triggerId": self.peer.trigger_id, **more}
        path = f"/{version}/{integration or self.peer.integration}:schedule"
        [execution_id] = expect_rest_ok(self.peer.rest("POST", path, json=body))["executionInfoIds"]
        self.forget(execution_id)
        return str(execution_id)

    def forget(self, execution_id: str) -> None:
        """Cancels an execution after the check, if it waits."""
        self._made.later(lambda: self._undone(execution_id))

    def _undone(self, execution_id: str) -> str | None:
        answer = self.cancel(execution_id)
        gone = (Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.UNIMPLEMENTED)
        if answer.ok or rest_code(answer) in gone:
            return None
        return f"execution {execution_id}: {answer}"

    def execute(
        self, version: str = "v1", integration: str | None = None, **more: Any
    ) -> RestAnswer:
        """Executes; None leaves a member of the body out."""
        body = {"triggerId": self.peer.trigger_id, **more}
        sent = {name: value for name, value in body.items() if value is not None}
        path = f"/{version}/{integration or self.peer.integration}:execute"
        return self.peer.rest("POST", path, json=sent)

    def executed(self, version: str = "v1", **more: Any) -> Any:
        """Executes, which has to succeed; returns the answer."""
        return expect_rest_ok(self.execute(version, **more))

    def done(self, **more: Any) -> str:
        """Executes, which has to succeed; returns the id of the execution."""
        return str(self.executed(**more)["executionId"])

    def cancel(self, execution_id: str, body: Any = None) -> RestAnswer:
        """Cancels an execution, for a reason if the body has none."""
        sent = {"cancelReason": "the check is over"} if body is None else body
        return self.peer.rest("POST", f"/v1/{self.name(execution_id)}:cancel", json=sent)

    def cancelled(self, reason: str = "for the check", **more: Any) -> str:
        """Schedules and cancels; returns the id of the execution."""
        execution_id = self.waiting(**more)
        expect_rest_ok(self.cancel(execution_id, {"cancelReason": reason}))
        return execution_id

    def asked(self, name: str, version: str = "v1") -> RestAnswer:
        """Asks for an execution by its name."""
        return self.peer.rest("GET", f"/{version}/{name}")

    def get(self, execution_id: str) -> Any:
        """Returns an execution."""
        return expect_rest_ok(self.asked(self.name(execution_id)))

    def download(self, name: str) -> RestAnswer:
        """Asks for the whole of an execution by its name."""
        return self.peer.rest("GET", f"/v1/{name}:download")

    def replay(self, execution_id: str, **more: Any) -> RestAnswer:
        """Replays an execution; what it makes is cancelled after the check."""
        body = {"replayReason": "for the check", **more}
        sent = {name: value for name, value in body.items() if value is not None}
        answer = self.peer.rest("POST", f"/v1/{self.name(execution_id)}:replay", json=sent)
        if answer.ok:
            self.forget(str(answer.json.get("executionId", "")))
        return answer

    def replayed(self, execution_id: str, **more: Any) -> Any:
        """Replays an execution, which has to succeed; returns the answer."""
        return expect_rest_ok(self.replay(execution_id, **more))

    def listing(
        self, query: Pairs = (), version: str = "v1", integration: str | None = None
    ) -> RestAnswer:
        """Asks for one page of executions."""
        path = f"/{version}/{integration or self.peer.integration}/executions"
        return self.peer.rest("GET", path, query=query)

    def page(
        self, query: Pairs = (), version: str = "v1", integration: str | None = None
    ) -> list[Any]:
        """Returns the executions of a page; a member that is left out is an empty list."""
        answer = expect_rest_ok(self.listing(query, version, integration))
        executions = answer.get("executions", [])
        assert isinstance(executions, list), f"executions must be a list: {executions!r}"
        return executions

    def pages(self, query: Pairs = (), version: str = "v1") -> Iterator[Any]:
        """Yields the answers of all pages, to the end of the list.

        Raises:
            AssertionError: a call failed, or the list does not end.
        """
        seen: set[str] = set()
        token = ""
        while token not in seen:
            seen.add(token)
            more = [("pageToken", token)] if token else []
            answer = expect_rest_ok(self.listing([*query, *more], version))
            yield answer
            token = answer.get("nextPageToken", "")
            if not token:
                return
        raise AssertionError("a page has the token of an earlier one, so the list does not end")

    def listed(self, ids: Sequence[str], *query: tuple[str, str], version: str = "v1") -> list[str]:
        """Returns which of these executions a list has, in its order, each as often as it does.

        The list is narrowed to them by a filter, to which that of the query is added.
        """
        own = " OR ".join(f'execution_id="{each}"' for each in ids)
        told = dict(query)
        text = f"({told['filter']}) AND ({own})" if "filter" in told else own
        others = [(name, value) for name, value in query if name != "filter"]
        answers = self.pages([("filter", text), *others], version)
        names = [each["name"] for page in answers for each in page.get("executions", [])]
        return [name.rpartition("/")[2] for name in names]


def state(execution: Any) -> Any:
    """Returns the state of an execution of v1."""
    return execution.get("executionDetails", {}).get("state")


def older(execution: Any) -> Any:
    """Returns the deprecated details of an execution of v1."""
    return execution.get("eventExecutionDetails", {})
