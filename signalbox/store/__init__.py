"""The database: engine and session, base table, tenant tree, change sets, migrations."""
