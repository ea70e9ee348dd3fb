"""The database: engine and session, base table, tenant tree, change sets, migrations.

A feature's ``tables.py`` derives from ``tables.Base`` (rows with an owner also from ``TenantOwned``; configuration from
``Configured``) and brings one file in ``migrations/versions``, whose ``down_revision`` is the newest one there. Rows
are read in ``Store.session(scope)``, user state and registers are written in ``Store.session(scope, write=True)``, and
configuration in ``Store.change(scope, author, title)``.
"""

from signalbox.store.database import Store
from signalbox.store.scope import Scope

__all__ = ["Scope", "Store"]
