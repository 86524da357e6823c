"""Defines the tables of integrations that are registered over the API."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from tocsin.store.driver.metadata import ASCII, metadata, partial_index

integration_versions = Table(
    "integration_versions",
    metadata,
    Column("id", ASCII, primary_key=True),
    # `projects/*/locations/*`.
    Column("location", Text, nullable=False),
    # The last part of the integration's name.
    Column("integration", Text, nullable=False),
    Column("snapshot_number", BigInteger, nullable=False),
    # A name of `IntegrationState`.
    Column("state", ASCII, nullable=False),
    # The subjects of callers; empty without access control.
    Column("creator", Text, nullable=False),
    Column("modifier", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # Copies of fields of the message, for lists.
    Column("description", Text, nullable=False),
    Column("user_label", Text, nullable=False),
    # The IntegrationVersion, without what the server sets.
    Column("message", LargeBinary, nullable=False),
    # The config parameters that it was published with, in a PublishIntegrationVersionRequest.
    Column("published_with", LargeBinary),
    Index(
        "integration_versions_of",
        "location",
        "integration",
        "snapshot_number",
        unique=True,
    ),
)
partial_index(
    "integration_versions_active",
    integration_versions.c.location,
    integration_versions.c.integration,
    unique=True,
    where=integration_versions.c.state == "ACTIVE",
)

# For each schedule of a published version, its next tick, and why it can't fire.
integration_schedules = Table(
    "integration_schedules",
    metadata,
    Column("version_id", ASCII, primary_key=True),
    Column("trigger_id", Text, primary_key=True),
    Column("next_at", BigInteger, nullable=False),
    Column("error", Text),
    Index("integration_schedules_by_instant", "next_at"),
)
