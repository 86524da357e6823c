"""Reads pages of executions, for every version of their API."""

from dataclasses import dataclass

from tocsin.api.google.executions.candidates import Candidate
from tocsin.api.google.executions.filters import Query
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.executions import Position, Stored, executions_after
from tocsin.store.invocations.rows import find_execution
from tocsin.wire.paging import ListTokens

# Of executions that do not match, one page looks at so many at most: at what indexes know of them,
# and at what must be read.
LOOKED_AT = 5_000
MOST_READ = 500
# A page ends once so many bytes were read: executions of 8 MiB would hold up other calls.
MOST_BYTES_READ = 16 * 1024 * 1024


@dataclass(slots=True)
class Effort:
    """Counts what a page has cost so far."""

    looked_at: int = 0
    read: int = 0
    bytes_read: int = 0

    @property
    def spent(self) -> bool:
        return (
            self.looked_at >= LOOKED_AT
            or self.read >= MOST_READ
            or self.bytes_read >= MOST_BYTES_READ
        )

    def add(self, candidate: Candidate) -> None:
        self.looked_at += 1
        self.read += candidate.bytes_read > 0
        self.bytes_read += candidate.bytes_read


def page_of_executions(
    tx: Transaction, query: Query, after: Position | None, size: int
) -> tuple[list[Candidate], Position | None]:
    """Returns up to `size` matching executions, and after which one more may follow.

    A short page, even an empty one, may not be the last (AIP-158).
    """
    if query.execution_id:
        return _only(tx, query), None
    page: list[Candidate] = []
    effort = Effort()
    last: Position | None = None
    for stored in executions_after(tx, query.wanted, after, likely=size + 1):
        if effort.spent:
            return page, last
        candidate = Candidate(tx, stored)
        if query.matches(candidate):
            if len(page) == size:
                return page, last
            page.append(candidate)
        effort.add(candidate)
        last = stored.position
    return page, None


def _only(tx: Transaction, query: Query) -> list[Candidate]:
    """Returns the one execution that has the id, if it matches."""
    wanted = query.wanted
    found = find_execution(tx, wanted.location, query.execution_id)
    if found is None or not wanted.states or wanted.origin not in (None, found.origin):
        return []
    candidate = Candidate(tx, Stored.of(found))
    if wanted.stored_from is not None and found.created_at < wanted.stored_from:
        return []
    if wanted.stored_before is not None and found.created_at >= wanted.stored_before:
        return []
    return [candidate] if query.matches(candidate) else []


def position_in(tokens: ListTokens, token: str) -> Position | None:
    """Returns the position that a page token holds; None for the first page."""
    position = tokens.position(token)
    if position is None:
        return None
    micros, _, last_id = position.partition("/")
    return Position(int(micros), last_id)


def token_of(tokens: ListTokens, rest: Position | None) -> str:
    """Returns the token of the page after a position; empty if there is none."""
    return "" if rest is None else tokens.token_in_time(from_micros(rest.created_at), rest.id)
