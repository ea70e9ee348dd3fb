"""Whose rows a session may see: the one place of the tenant filter, and the guard against ways around it."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ClauseElement, ColumnClause, Join, TableClause, TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql import visitors

from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.store.tables import Base, Kind, Tenant, TenantOwned


class ScopeError(Exception):
    """A programming error: a statement or a row outside the session's scope."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The tenants that a session may read and write. ``home`` is where new rows go."""

    tenants: frozenset[TenantId]
    home: TenantId = FIRST_TENANT
    reason: str = ""

    @classmethod
    def only(cls, tenant: TenantId) -> "Scope":
        """One tenant without its children."""
        return cls(frozenset({tenant}), tenant)

    @classmethod
    def everything(cls, reason: str, home: TenantId = FIRST_TENANT) -> "Scope":
        """Every tenant, and raw SQL. ``reason`` says why the code that asks may have it."""
        if not reason:
            raise ScopeError("a scope without limits needs a reason")
        return cls(frozenset(), home, reason)

    @property
    def is_everything(self) -> bool:
        return bool(self.reason)

    def holds(self, tenant: int) -> bool:
        """Tell whether rows of ``tenant`` are inside."""
        return self.is_everything or tenant in self.tenants


class ScopedSession(Session):
    """A session that knows its scope; made by ``Store`` only."""

    @property
    def scope(self) -> Scope:
        scope: Scope = self.info["scope"]
        return scope

    def connection(self, *args: Any, **kwargs: Any) -> Any:  # the signature is SQLAlchemy's own
        """Refuse a raw connection unless the scope is everything."""
        if not self.scope.is_everything:
            raise ScopeError("a raw connection needs Scope.everything(reason)")
        return super().connection(*args, **kwargs)


@event.listens_for(ScopedSession, "do_orm_execute")
def _filter(state: ORMExecuteState) -> None:
    session = state.session
    assert isinstance(session, ScopedSession)
    if not state.is_select:
        _check_write(state)
    scope = session.scope
    if scope.is_everything:
        return
    if not (state.is_column_load or state.is_relationship_load):
        _check_is_mapped(state)
    tenants = sorted(scope.tenants)
    state.statement = state.statement.options(
        with_loader_criteria(TenantOwned, lambda cls: cls.tenant.in_(tenants), include_aliases=True),
        with_loader_criteria(Tenant, lambda cls: cls.id.in_(tenants), include_aliases=True),
    )


def _check_write(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if mapper is not None and mapper.class_.kind is Kind.CONFIGURATION:
        raise ScopeError("configuration is written object by object, so that the change set sees it")
    if state.is_insert and mapper is not None and not state.session.info["scope"].is_everything:
        raise ScopeError("rows are added as objects, so that their tenant is checked")


def _check_is_mapped(state: ORMExecuteState) -> None:
    """Refuse what the filter would not see: SQL as text, and tables or columns named past their mapped class."""
    if not state.is_orm_statement:
        raise ScopeError("raw SQL needs Scope.everything(reason)")
    # session.get() names its key columns raw, of a table that it also names through its class.
    mapped = {mapper.local_table for mapper in state.all_mappers}
    for element in visitors.iterate(cast("ClauseElement", state.statement)):
        if _is_raw(element, mapped):
            raise ScopeError(f"{element} must be used through its mapped class, or needs Scope.everything(reason)")


def _is_raw(element: object, mapped: Set[object]) -> bool:
    match element:
        case TextClause():
            return True
        case ColumnClause():
            return (element.is_literal and element.name != "*") or (
                isinstance(element.table, TableClause) and not _is_mapped(element) and element.table not in mapped
            )
        case Join():
            return any(isinstance(side, TableClause) and not _is_mapped(side) for side in (element.left, element.right))
        case _:
            return False


def _is_mapped(element: ClauseElement) -> bool:
    return "parententity" in element._annotations


@event.listens_for(ScopedSession, "before_flush")
def _check_rows(session: ScopedSession, _context: UOWTransaction, _instances: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, TenantOwned):
            continue
        if vars(row).get("tenant") is None:
            row.tenant = session.scope.home
        if not session.scope.holds(row.tenant):
            raise ScopeError(f"a row of tenant {row.tenant} is outside the session's scope")
        if row in session.dirty and Base.committed(row).get("tenant", row.tenant) != row.tenant:
            raise ScopeError("a row never moves from one tenant to another")
