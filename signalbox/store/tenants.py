"""The tenant tree."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.kernel.errors import NotFoundError
from signalbox.kernel.ids import TenantId
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.store.tables import Tenant


async def add_tenant(session: AsyncSession, parent: TenantId, tenant_kind: str, name: str) -> TenantId:
    """Add a node below ``parent``; the session must be a writing one over everything."""
    above = await session.get(Tenant, parent)
    if above is None:
        raise NotFoundError(f"tenant {parent}")
    tenant = Tenant(parent=parent, tenant_kind=tenant_kind, name=name, path=f"{above.path}new")
    session.add(tenant)
    await session.flush()
    tenant.path = f"{above.path}{tenant.id}/"
    await session.flush()
    return TenantId(tenant.id)


async def subtree(store: Store, tenant: TenantId) -> Scope:
    """The scope of someone who belongs to ``tenant``: it and everything below it."""
    everything = Scope.everything("the scope itself is being worked out")
    async with store.session(everything) as session:
        path = await session.scalar(select(Tenant.path).where(Tenant.id == tenant))
        if path is None:
            raise NotFoundError(f"tenant {tenant}")
        found = await session.scalars(select(Tenant.id).where(Tenant.path.startswith(path)))
        return Scope(frozenset(TenantId(each) for each in found), tenant)
