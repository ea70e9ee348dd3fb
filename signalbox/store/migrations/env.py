"""Alembic's entry: run the migrations on the connection that ``store.migrate`` opened."""

from alembic import context

from signalbox.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
