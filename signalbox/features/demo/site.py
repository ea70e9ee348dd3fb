"""The sample site in the store: its extensions are made and removed as change sets, and nobody else's are touched.

What was made is noted in the data directory until it is removed, so that a demo that was killed, or told to keep its
site, is taken up again by the next one.
"""

import contextlib
import fcntl
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.changes.commands import publish
from signalbox.features.demo import rules
from signalbox.features.demo.model import Person
from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Codec, Draft
from signalbox.features.extensions.ranges import ranges_of
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.link import LinkClient
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.secrets import Box
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.store.tables import ChangeEntry

AUTHOR = "demo"
RING_S = 45
_SCOPE = Scope.only(FIRST_TENANT)


@contextlib.contextmanager
def alone(note: Path) -> Iterator[None]:
    """Hold ``note``; raises ``OperatorError`` when another demo runs on this data directory."""
    with note.open("a+") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OperatorError("A demo is already running here.", "stop that one first (Ctrl-C)") from error
        yield


class Site:
    """The sample extensions of one data directory; ``note`` remembers the change set that made them."""

    def __init__(self, store: Store, box: Box, link: LinkClient, note: Path) -> None:
        self._store = store
        self._box = box
        self._link = link
        self._note = note

    async def left_over(self) -> list[Person]:
        """The people of an earlier demo whose extensions are still there."""
        async with self._store.session(_SCOPE) as session:
            rows = await _made_by(session, self._noted())
            return [Person(row.number, row.name, self._box.open(row.phone_secret)) for row in rows]

    async def make(self, count: int, host: str) -> list[Person]:
        """Make ``count`` extensions whose phones are accepted from ``host`` only. Raises ``OperatorError``."""
        async with self._store.change(_SCOPE, AUTHOR, f"Demo: {count} sample extensions") as change:
            taken = set(await change.session.scalars(select(ExtensionRow.number)))
            numbers = rules.free_numbers(await ranges_of(change.session, change.tenant), taken, count)
            if len(numbers) < count:
                cure = "delete some extensions, widen the range in the console, or ask for fewer (--phones)"
                raise OperatorError(f"Only {len(numbers)} of {count} extension numbers are free.", cure)
            created = await edit.create_many(change, self._box, _drafts(numbers, host))
        self._note.write_text(json.dumps({"change": change.id}))
        await publish(self._link, change)
        return [Person(each.row.number, each.row.name, each.secret) for each in created]

    async def remove(self) -> int:
        """Remove what ``make`` made and is still there, also what was changed since; tells how many."""
        async with self._store.change(_SCOPE, AUTHOR, "Demo: sample extensions removed") as change:
            rows = await _made_by(change.session, self._noted())
            for row in rows:
                await change.session.delete(row)
        self._note.write_text("")
        await publish(self._link, change)
        return len(rows)

    def _noted(self) -> int:
        try:
            return int(json.loads(self._note.read_text())["change"])
        except (OSError, ValueError, LookupError, TypeError):
            return 0


def _drafts(numbers: Sequence[str], host: str) -> list[Draft]:
    return [
        Draft(
            number=number,
            name=rules.NAMES[index % len(rules.NAMES)],
            ring_s=RING_S,
            web_phone=False,
            codecs=(Codec.ULAW,),
            permit_ip=(host,),
        )
        for index, number in enumerate(numbers)
    ]


async def _made_by(session: AsyncSession, change_id: int) -> Sequence[ExtensionRow]:
    """The extensions that a change set made and that still exist."""
    entries = await session.scalars(
        select(ChangeEntry).where(
            ChangeEntry.change_id == change_id, ChangeEntry.table_name == ExtensionRow.__tablename__
        )
    )
    made = {entry.row_key: entry.after["created_at"] for entry in entries if entry.before is None and entry.after}
    rows = await session.scalars(select(ExtensionRow).where(ExtensionRow.id.in_(made)).order_by(ExtensionRow.number))
    # A database may give the key of a deleted row to a new one; that one is not ours.
    return [row for row in rows if row.created_at.isoformat() == made[row.id]]
