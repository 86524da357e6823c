"""Run by alembic: applies migrations on the connection that `store.driver.opening` gives."""

from alembic import context

from tocsin.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Called after each migration.
    on_version_apply=context.config.attributes.get("applied"),
)
with context.begin_transaction():
    context.run_migrations()
