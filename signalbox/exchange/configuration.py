"""The store as the exchange needs it: what is its newest version, and publish it.

Imported only once calls are served: SQLAlchemy takes half a second to load, and an exchange must be back in two.
"""

import sqlite3

import msgspec

from signalbox.engine.ami.link import AmiLink
from signalbox.engine.errors import EngineError, EngineUnavailableError
from signalbox.engine.publish import Publisher, PublishError
from signalbox.exchange.publishing import NotPublishedError
from signalbox.features.publish import StoreSource
from signalbox.kernel.clock import Clock
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store import changes
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.scope import Scope

_SCOPE = Scope.everything("publishing compares the newest change set of all tenants")


class StoreConfiguration:
    """The ``Configuration`` of a running exchange."""

    def __init__(self, settings: Settings, secrets: Secrets, clock: Clock, ami: AmiLink) -> None:
        self._store = Store.open(settings, clock)
        self._publisher = Publisher(settings, StoreSource(settings, self._store, secrets.box), ami)

    async def newest(self) -> int:
        """See ``Configuration``."""
        try:
            async with self._store.session(_SCOPE) as session:
                return await changes.version(session)
        except StoreError as error:
            raise NotPublishedError("store_unavailable", str(error)) from error

    async def publish(self) -> int:
        """See ``Configuration``."""
        try:
            return await self._publisher.publish()
        except EngineUnavailableError as error:
            raise NotPublishedError("engine_unavailable", f"Written, but not yet in force: {error}") from error
        except StoreError as error:
            raise NotPublishedError("store_unavailable", str(error)) from error
        except (PublishError, EngineError, sqlite3.Error, msgspec.DecodeError) as error:
            raise NotPublishedError("publish_failed", str(error)) from error

    async def close(self) -> None:
        """See ``Configuration``."""
        await self._store.close()
