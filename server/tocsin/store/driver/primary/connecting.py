"""Connects to the primary among the hosts of a URL."""

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from tocsin.store.driver.primary.urls import Host, PostgresUrl

CONNECT_SECONDS = 5.0
# A machine that vanished answers nothing, and another host must have its turn soon.
SECONDS_OF_SEVERAL = 2.0
# Our statements take milliseconds, or wait for locks that are held for at most five seconds. One
# without an answer by then is given up, with its connection.
STATEMENT_SECONDS = 8.0

# A node that vanished between two messages of one statement is not idle to PostgreSQL, and would
# keep its locks. PostgreSQL ends such transactions from version 17 on.
TRANSACTION_SECONDS = 30
ENDS_TRANSACTIONS = 17
ENDS_IDLE_SESSIONS = 14

# As many as the driver's own default; Tocsin prepares its statements by itself.
REMEMBERED_STATEMENTS = 100

NAME = {"application_name": "tocsin"}
SESSION = {
    "default_transaction_isolation": "read committed",
    # Frees the locks of a node that was stopped in the middle of a transaction.
    "idle_in_transaction_session_timeout": "5s",
    # A node that crashed leaves connections open, and PostgreSQL has a limited number.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # Limits of the role or the database are for people: with them a wait for a lock would be an
    # internal error, and a long migration would never end.
    "lock_timeout": "0",
    "statement_timeout": "0",
    # A commit that no standby has confirmed is told by a warning alone.
    "client_min_messages": "warning",
    # PostgreSQL plans once, without looking at values: the plan that the tests assert.
    "plan_cache_mode": "force_generic_plan",
    # Every hot statement reads a few rows in an index's order. To read all due rows and sort them
    # looks cheap while there are few, and is ruinous when there are many.
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    # A plan made while a table was empty would scan all of it, until the table is analyzed.
    "enable_seqscan": "off",
}
READ_ONLY = {"default_transaction_read_only": "on"}

# What another host may do better.
NOT_THIS_HOST = (
    OSError,
    asyncpg.PostgresError,  # whatever the reason for which a server refuses a connection
    asyncpg.TargetServerAttributeNotMatched,
)


class NoPrimary(ConnectionError):
    """No host is a primary that takes connections now; the message says of each why."""


def reason(error: BaseException) -> str:
    """Returns the text of an error, or its type where it has no text, as a timeout."""
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return "is a standby or read-only"
    return str(error) or type(error).__name__


class Primary:
    """Connects to the first host that is the primary, beginning with the one that was it last."""

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._hosts: tuple[Host | None, ...] = url.hosts or (None,)
        several = SECONDS_OF_SEVERAL if len(url.hosts) > 1 else CONNECT_SECONDS
        self._seconds = url.connect_seconds or several

    async def connect(
        self, *, read_only: bool = False, statement_seconds: float | None = STATEMENT_SECONDS
    ) -> asyncpg.Connection:
        """Opens a connection and sets its session up.

        Args:
            read_only: whether its transactions may not write.
            statement_seconds: after which a statement without an answer is given up; None: never,
                and its transaction may take as long as it wants.

        Raises:
            NoPrimary: no host is the primary, or can be reached.
        """
        settings = {**SESSION, **(READ_ONLY if read_only else {})}
        connection = await self.bare(statement_seconds=statement_seconds)
        major = connection.get_server_version().major
        if major >= ENDS_IDLE_SESSIONS:
            settings["idle_session_timeout"] = "0"
        if statement_seconds is not None and major >= ENDS_TRANSACTIONS:
            settings["transaction_timeout"] = f"{TRANSACTION_SECONDS}s"
        try:
            # Not with the connection's first message: a pool such as pgbouncer refuses most
            # settings there, and a reader that is read-only would not count as `read-write`.
            await connection.execute("; ".join(f"SET {k} = '{v}'" for k, v in settings.items()))
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def bare(
        self, *, statement_seconds: float | None, remembered_statements: int = REMEMBERED_STATEMENTS
    ) -> asyncpg.Connection:
        """Opens a connection and leaves its session as it is; arguments as above.

        Raises:
            NoPrimary: no host is the primary, or can be reached.
        """
        said = []
        last: BaseException | None = None
        for host in self._hosts:
            try:
                connection = await asyncpg.connect(
                    self._url.rest,
                    host=None if host is None else host.name,
                    port=None if host is None else host.port,
                    password=self._url.password,
                    timeout=self._seconds,
                    command_timeout=statement_seconds,
                    statement_cache_size=remembered_statements,
                    target_session_attrs=SessionAttribute(self._url.session),
                    server_settings=NAME,
                )
            except NOT_THIS_HOST as error:
                said.append(reason(error) if host is None else f"{host}: {reason(error)}")
                last = error
            else:
                self._hosts = (host, *(other for other in self._hosts if other != host))
                return connection
        raise NoPrimary("; ".join(said)) from last
