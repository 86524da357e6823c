"""Defines the tables.

Instants are whole microseconds since the Unix epoch, messages are protobuf bytes.
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
    or_,
)

from tocsin.store.access import schema as access_schema
from tocsin.store.driver.metadata import ASCII, metadata, partial_index
from tocsin.store.integrations import schema as integrations_schema
from tocsin.store.jobs import schema as jobs_schema
from tocsin.store.lifecycle import schema as lifecycle_schema
from tocsin.store.notices import schema as notices_schema
from tocsin.store.schedules import schema as schedules_schema

# The contract of all triggers that were stored before rows named one.
FIRST_CONTRACT = "yandex.cloud.serverless.triggers.v1"

# The tables of access control, integrations, jobs, notices, schedules and the life of the store are
# in modules of their own.
__all__ = [
    "access_schema",
    "integrations_schema",
    "jobs_schema",
    "lifecycle_schema",
    "metadata",
    "notices_schema",
    "schedules_schema",
]

triggers = Table(
    "triggers",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("folder_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    # Whether `subscriptions` has its rows. Nodes of 0.1.0 leave this empty.
    Column("subscribed", Integer),
    # The package of the message. Nodes of 0.1.0 know only the first one.
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
    # Any number of triggers may be unnamed.
    where=triggers.c.name != "",
)

# Those come last in lists by name, which the index above serves.
partial_index(
    "triggers_unnamed",
    triggers.c.folder_id,
    triggers.c.id,
    where=triggers.c.name == literal_column("''"),
)

operations = Table(
    "operations",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("trigger_id", ASCII, nullable=False),
    Column("message", LargeBinary, nullable=False),
    # The trigger's folder. Nodes of 0.1.0 leave this empty.
    Column("folder_id", Text),
    Index("operations_of_trigger", "trigger_id", "id"),
)

armed_timers = Table(
    "armed_timers",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("next_at", BigInteger, nullable=False),
    # Many timers tick at one instant, and lists go on between two of them.
    Index("armed_timers_in_order", "next_at", "trigger_id"),
)

# For each trigger, the latest tick whose finished invocation was deleted. Nothing else shows any
# more that the tick fired, and it must not fire again.
swept_ticks = Table(
    "swept_ticks",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("until", BigInteger, nullable=False),
)

# Work that one node at a time does for all nodes.
duties = Table(
    "duties",
    metadata,
    Column("name", ASCII, primary_key=True),
    Column("node", Text, nullable=False),
    Column("held_until", BigInteger, nullable=False),
)

# Nodes, as they described themselves last. Nodes of 0.1.0 are not among them.
nodes = Table(
    "nodes",
    metadata,
    Column("name", ASCII, primary_key=True),
    # The name of its machine.
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    # How many invocations it claimed in the minute before `seen_at`.
    Column("claims", BigInteger, nullable=False),
    # By how many microseconds its machine's clock is behind the store's. Empty on SQLite.
    Column("behind_us", BigInteger),
)

# For each kind of pulled source, how many transactions changed triggers of the kind.
change_numbers = Table(
    "change_numbers",
    metadata,
    Column("kind", ASCII, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# One row: a node must know this schema, or a later one, to use the store.
compatibility = Table("compatibility", metadata, Column("oldest_known", Text, primary_key=True))
# Finds the triggers for an event, by its kind and keys.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("kind", ASCII, primary_key=True),
    Column("key", ASCII, primary_key=True),
    Column("trigger_id", ASCII, primary_key=True),
    # What only one trigger may listen to, such as a queue. Empty where several may, and in rows of
    # older nodes.
    Column("sole", ASCII),
    Index("subscriptions_of_trigger", "trigger_id"),
)
partial_index(
    "subscriptions_sole",
    subscriptions.c.kind,
    subscriptions.c.sole,
    unique=True,
    where=subscriptions.c.sole.is_not(None),
)

# Accepted events that wait for their batch to be sent.
events = Table(
    "events",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("id", ASCII, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    # One element of a call's `messages`, as JSON.
    Column("body", Text, nullable=False),
)

# For each trigger with waiting events, how many, and when they are sent. `due_at` is NULL while the
# trigger is paused.
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

# The ids of events that each trigger accepted, as long as duplicates are recognised.
accepted_events = Table(
    "accepted_events",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("key", ASCII, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("accepted_events_by_expiry", "expires_at"),
)

# Events that came while their trigger was paused and were not kept.
lost_events = Table(
    "lost_events",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("lost", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

# For each trigger with a pulled source, the state of the source.
source_states = Table(
    "source_states",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("connected", Integer, nullable=False),
    Column("last_event_at", BigInteger),
    Column("last_error", Text),
    Column("last_error_at", BigInteger),
    # Events that arrived and can never be delivered.
    Column("refused", BigInteger, nullable=False),
)

partial_index(
    "source_states_disconnected",
    source_states.c.trigger_id,
    where=source_states.c.connected == literal_column("0"),
)

# The part of a source that one node at a time reads, a shard or all of it, and its position.
source_parts = Table(
    "source_parts",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("part", ASCII, primary_key=True),
    Column("position", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("held_until", BigInteger, nullable=False),
)

# Accepted messages that their queue keeps until they are delivered: the receipt for the queue, the
# waiting event and, once the event is sent, its invocation.
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
    # The parent in lists: `folders/*`, or `projects/*/locations/*` for an execution.
    Column("parent", Text, nullable=False),
    # A trigger's id, or an integration's full name.
    Column("origin", Text, nullable=False),
    # Unique, so that each tick or batch fires once on any number of nodes.
    Column("occurrence", Text, unique=True),
    Column("state", Text, nullable=False),
    Column("scheduled_at", BigInteger, nullable=False),
    # When a node must act: the invocation is due, or its lease runs out. NULL in final states.
    Column("next_at", BigInteger),
    # The target; deliveries under way are limited by it.
    Column("target", Text, nullable=False, server_default=""),
    # The node that has claimed it.
    Column("node", Text),
    # Deliveries that began, and how many of these are known to have failed.
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    # The failed deliveries, as JSON.
    Column("history", Text),
    Column("action", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    # The ExecutionInfo that the API shows of an execution.
    Column("message", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("answer", LargeBinary),
    Column("last_error", Text),
    # When a client deleted it from its lists.
    Column("forgotten_at", BigInteger),
    # The trace of the RPC that asked for it (W3C Trace Context).
    Column("traceparent", Text),
    # The id that its client chose for an execution, unique in its parent. The API of executions
    # shows it in place of `id`. A node of 0.1.0 leaves it empty, and has the client's id in `id`.
    Column("execution_id", ASCII),
    # 1: somebody asked for the delivery, and it is made though its trigger is paused.
    Column("by_hand", Integer),
    # When it was due that waits until its trigger is resumed. `next_at` is PARKED_UNTIL then, which
    # keeps nodes of every version from claiming it.
    Column("parked_due_at", BigInteger),
    # Why it was cancelled, unless a caller asked for that.
    Column("cancel_reason", Text),
    # Of an execution: the trigger of its integration, which a node of 0.1.0 leaves empty; why its
    # caller cancelled it; and the invocation that it replays.
    Column("integration_trigger", Text),
    Column("cancel_note", Text),
    Column("replay_of", ASCII),
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
# The same for each target: invocations for other targets are found past those of a busy one.
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
# Invocations that wait until their paused trigger is resumed.
partial_index(
    "invocations_parked",
    invocations.c.origin,
    invocations.c.id,
    where=invocations.c.parked_due_at.is_not(None),
)
# Unfinished invocations without a due instant, a fault that nothing else would find. Empty.
partial_index(
    "invocations_lost",
    invocations.c.id,
    where=and_(invocations.c.next_at.is_(None), invocations.c.finished_at.is_(None)),
)
# Only for executions, so that ticks do not pay for the index. It has finished_at, so that filtered
# rows are skipped within the index.
partial_index(
    "invocations_listed",
    invocations.c.parent,
    invocations.c.id,
    invocations.c.finished_at,
    where=invocations.c.message.is_not(None),
)
# Executions of an integration, by their trigger and state, in the order in which they were stored.
# Only for executions, too. Lists that narrow less merge its parts: one index for each of them would
# cost every new execution as much again.
partial_index(
    "executions_of",
    invocations.c.origin,
    invocations.c.integration_trigger,
    invocations.c.state,
    invocations.c.created_at,
    invocations.c.id,
    where=invocations.c.message.is_not(None),
)
partial_index(
    "executions_replaying",
    invocations.c.replay_of,
    invocations.c.id,
    where=invocations.c.replay_of.is_not(None),
)
# Claims and completions do not change the columns of these two.
Index("invocations_of_origin", invocations.c.origin, invocations.c.scheduled_at, invocations.c.id)
Index("invocations_by_instant", invocations.c.scheduled_at, invocations.c.id)
# Finds failures among millions of successes. Databases use these indexes only for statements that
# repeat the condition word for word. SQLite evaluates it at each write, and comparisons take a
# tenth of the time of an IN.
UNTROUBLED_STATES = ("pending", "running", "succeeded")
TROUBLED = and_(*(invocations.c.state != literal_column(f"'{name}'") for name in UNTROUBLED_STATES))
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

# Large values of invocations on SQLite, where their own columns hold empty bytes in their place:
# SQLite writes a row as a whole, and reads it from its beginning. A node that does not know this
# table would send empty payloads, so it must not use a database that has a row here.
LARGE_VALUES_KNOWN_SINCE = "0017"
large_values = Table(
    "large_values",
    metadata,
    Column("invocation_id", ASCII, primary_key=True),
    # The name of the column.
    Column("field", ASCII, primary_key=True),
    # The size of the value, which stands before it so that it can be read alone.
    Column("bytes", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
)

# Decisions about a trigger's ticks other than to fire them in time.
decisions = Table(
    "decisions",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("trigger_id", ASCII, nullable=False),
    Column("kind", Text, nullable=False),
    # The first and last instants that it covers; `last_at` is NULL while it goes on.
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger),
    Column("count", Integer, nullable=False),
    # JSON, whose fields depend on the kind.
    Column("detail", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index("decisions_of_trigger", "trigger_id", "kind", "first_at", "id"),
    Index("decisions_by_end", "last_at"),
)

# The decisions that keep invocations from being delivered: a pause that has not ended, and the
# deletion of their trigger. Statements repeat the condition in the same words.
WITHHOLDING = or_(decisions.c.last_at.is_(None), decisions.c.kind == literal_column("'deleted'"))
partial_index("decisions_withholding", decisions.c.trigger_id, where=WITHHOLDING)

# The decisions by which a timer did not fire in time. Statements repeat the condition, too.
MISSED = or_(
    decisions.c.kind == literal_column("'misfire'"),
    decisions.c.kind == literal_column("'unreadable'"),
)
partial_index("decisions_missed", decisions.c.decided_at, decisions.c.id, where=MISSED)

# Triggers that were paused, resumed or deleted, and whose waiting invocations are still to be
# brought in line with that: how far this got, from the latest back.
parking_walks = Table(
    "parking_walks",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("before_at", BigInteger, nullable=False),
    Column("before_id", ASCII, nullable=False),
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
    # The name of the key that encrypts it. Empty: it is in plain text.
    Column("sealed_by", ASCII),
)
