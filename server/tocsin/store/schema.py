"""The tables.

Instants are whole microseconds since the Unix epoch; messages are their protobuf bytes.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    literal_column,
)

from tocsin.store.access import schema as access_schema
from tocsin.store.driver.metadata import ASCII, metadata, partial_index

# The contract of all triggers that were stored before a row named its own.
FIRST_CONTRACT = "yandex.cloud.serverless.triggers.v1"

# Those of access control are there too, in a module of their own.
__all__ = ["access_schema", "metadata"]

triggers = Table(
    "triggers",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("folder_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    # Whether `subscriptions` tells of it. A node of the version before leaves it empty.
    Column("subscribed", Integer),
    # The package of the message. A node of the version before knows just the first one.
    Column("contract", ASCII, nullable=False, server_default=FIRST_CONTRACT),
    Index("triggers_in_folder", "folder_id", "id"),
)
partial_index(
    "triggers_to_subscribe",
    triggers.c.id,
    where=triggers.c.subscribed.is_(None),
)
partial_index(
    "triggers_by_name",
    triggers.c.folder_id,
    triggers.c.name,
    unique=True,
    # Unnamed triggers are allowed, any number of them.
    where=triggers.c.name != "",
)

operations = Table(
    "operations",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("trigger_id", ASCII, nullable=False),
    Column("message", LargeBinary, nullable=False),
    # Of its trigger. A node of the version before leaves it empty.
    Column("folder_id", Text),
    Index("operations_of_trigger", "trigger_id", "id"),
)

armed_timers = Table(
    "armed_timers",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("next_at", BigInteger, nullable=False),
    Index("armed_timers_by_instant", "next_at"),
)

# For triggers whose finished invocations were swept: the latest tick among these. What fired does
# not fire again, though nothing else tells any more that it did.
swept_ticks = Table(
    "swept_ticks",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("until", BigInteger, nullable=False),
)

# What one node at a time does for all, and which one does it.
duties = Table(
    "duties",
    metadata,
    Column("name", ASCII, primary_key=True),
    Column("node", Text, nullable=False),
    Column("held_until", BigInteger, nullable=False),
)

# For each kind whose sources are read: how many transactions changed triggers of that kind.
change_numbers = Table(
    "change_numbers",
    metadata,
    Column("kind", ASCII, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# One row: the oldest schema that a node may know and still work on this one.
compatibility = Table("compatibility", metadata, Column("oldest_known", Text, primary_key=True))
# By which triggers are found for an event: those of its kind that share a key with it.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("kind", ASCII, primary_key=True),
    Column("key", ASCII, primary_key=True),
    Column("trigger_id", ASCII, primary_key=True),
    Index("subscriptions_of_trigger", "trigger_id"),
)

# Events that were accepted and wait for others to share their call.
events = Table(
    "events",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("id", ASCII, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    # One element of a call's `messages`, as JSON.
    Column("body", Text, nullable=False),
)

# For each trigger with waiting events: how many, and when they become a call. While nothing is
# set, its trigger is paused.
batches = Table(
    "batches",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("due_at", BigInteger),
    Column("events", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
partial_index(
    "batches_due",
    batches.c.due_at,
    where=batches.c.due_at.is_not(None),
)

# The ids of events that each trigger was given, while they are remembered.
accepted_events = Table(
    "accepted_events",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("key", ASCII, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("accepted_events_by_expiry", "expires_at"),
)

# What a paused trigger's source could not keep.
lost_events = Table(
    "lost_events",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("lost", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

# How the sources stand that are asked for their events, for each trigger.
source_states = Table(
    "source_states",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("connected", Integer, nullable=False),
    Column("last_event_at", BigInteger),
    Column("last_error", Text),
    Column("last_error_at", BigInteger),
    # Events that came and can't be delivered, whatever is done.
    Column("refused", BigInteger, nullable=False),
)

# What one node at a time reads of a trigger's source: a shard, or all of it; and how far it got.
source_parts = Table(
    "source_parts",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("part", ASCII, primary_key=True),
    Column("position", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("held_until", BigInteger, nullable=False),
)

# Accepted messages that their queue keeps until they are delivered: the receipt by which it is
# told, the event that waits for its call, and the invocation that delivers it once there is one.
held_messages = Table(
    "held_messages",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("key", ASCII, primary_key=True),
    Column("receipt", Text, nullable=False),
    Column("event_id", ASCII),
    Column("invocation_id", ASCII),
    Index("held_messages_by_event", "trigger_id", "event_id"),
)

invocations = Table(
    "invocations",
    metadata,
    Column("id", ASCII, primary_key=True),
    # Where it is listed: `folders/*`, or `projects/*/locations/*` for an execution.
    Column("parent", Text, nullable=False),
    # What fired: a trigger's id, or an integration's full name.
    Column("origin", Text, nullable=False),
    # One instant of a source fires once, on any number of nodes.
    Column("occurrence", Text, unique=True),
    Column("state", Text, nullable=False),
    Column("scheduled_at", BigInteger, nullable=False),
    # When the row next needs a node: due, or its lease runs out. Nothing in a final state.
    Column("next_at", BigInteger),
    # Which target it is for: what one target can take at once is counted by this.
    Column("target", Text, nullable=False, server_default=""),
    # Which node holds it while it is under way.
    Column("node", Text),
    # Calls that were begun, and those of them that are known to have failed.
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    # The failed calls, as JSON.
    Column("history", Text),
    Column("action", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    # What its API shows of it, where it has one (an ExecutionInfo).
    Column("message", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("answer", LargeBinary),
    Column("last_error", Text),
    # When its client said that it no longer wants to see it.
    Column("forgotten_at", BigInteger),
    # Of the call that asked for it, by W3C Trace Context.
    Column("traceparent", Text),
    # The id that its client chose for an execution, unique in its parent. The API of executions
    # shows it in place of `id`. A node of 0.1.0 leaves it empty, and has the client's id in `id`.
    Column("execution_id", ASCII),
)
partial_index(
    "invocations_by_execution_id",
    invocations.c.parent,
    invocations.c.execution_id,
    unique=True,
    where=invocations.c.execution_id.is_not(None),
)
partial_index(
    "invocations_due",
    invocations.c.next_at,
    invocations.c.id,
    where=invocations.c.next_at.is_not(None),
)
# The same for each target: what waits for others is found past one that can take no more.
partial_index(
    "invocations_waiting",
    invocations.c.target,
    invocations.c.next_at,
    invocations.c.id,
    where=invocations.c.next_at.is_not(None),
)
partial_index(
    "invocations_held",
    invocations.c.node,
    where=invocations.c.node.is_not(None),
)
partial_index(
    "invocations_finished",
    invocations.c.state,
    invocations.c.finished_at,
    where=invocations.c.finished_at.is_not(None),
)
# Of what can't be, and would never be found: neither finished nor waiting for a node. It is empty.
partial_index(
    "invocations_lost",
    invocations.c.id,
    where=and_(invocations.c.next_at.is_(None), invocations.c.finished_at.is_(None)),
)
# Executions only, which alone are listed by it: a tick must not pay for it. With finished_at, so
# that those that a filter leaves out are passed over within the index.
partial_index(
    "invocations_listed",
    invocations.c.parent,
    invocations.c.id,
    invocations.c.finished_at,
    where=invocations.c.message.is_not(None),
)
# What these two hold never changes: a claim and a completion leave them alone.
Index("invocations_of_origin", invocations.c.origin, invocations.c.scheduled_at, invocations.c.id)
Index("invocations_by_instant", invocations.c.scheduled_at, invocations.c.id)
# What people look for among millions that went well. Databases see that these will do only where
# a statement repeats the condition in the same words.
# SQLite evaluates it at each write: comparisons take it a tenth of what a list takes.
UNTROUBLED_STATES = ("pending", "running", "succeeded")
TROUBLED = and_(*(invocations.c.state != literal_column(f"'{each}'") for each in UNTROUBLED_STATES))
partial_index(
    "invocations_troubled",
    invocations.c.state,
    invocations.c.scheduled_at,
    invocations.c.id,
    where=TROUBLED,
)
partial_index(
    "invocations_troubled_of_origin",
    invocations.c.origin,
    invocations.c.state,
    invocations.c.scheduled_at,
    invocations.c.id,
    where=TROUBLED,
)

# What was decided about a trigger's ticks, other than to fire them in time.
decisions = Table(
    "decisions",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("trigger_id", ASCII, nullable=False),
    Column("kind", Text, nullable=False),
    # The instants that it covers. No last one: it goes on.
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger),
    Column("count", Integer, nullable=False),
    # By kind, as JSON.
    Column("detail", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index("decisions_of_trigger", "trigger_id", "kind", "first_at", "id"),
    Index("decisions_by_end", "last_at"),
)

remembered_requests = Table(
    "remembered_requests",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("remembered_requests_by_expiry", "expires_at"),
)

# Secret keys that all nodes share. Each is made by the first node that needs it.
shared_keys = Table(
    "shared_keys",
    metadata,
    Column("name", ASCII, primary_key=True),
    Column("key", LargeBinary, nullable=False),
)
