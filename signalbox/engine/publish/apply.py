"""Tell a running Asterisk what was published: expire what it remembers, make device states, remove contacts."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Protocol

from signalbox.engine.ami.codec import AmiMessage
from signalbox.engine.errors import EngineRejectedError
from signalbox.engine.publish import rows
from signalbox.engine.publish.files import Pending, PublishedFiles
from signalbox.engine.publish.model import SipKind
from signalbox.engine.publish.unregister import Identity, UnregisterError, unregister
from signalbox.settings import Sip

ONE_BY_ONE = 1
"""A new endpoint's device state costs Asterisk a read of all endpoints; one reload, for any number, a third more."""

AT_ONCE = 32
RELOAD_WITHIN_S = 60.0

_log = logging.getLogger(__name__)


class Ami(Protocol):
    """The part of the AMI link that is used here. Raises ``EngineRejectedError`` and ``EngineUnavailableError``."""

    async def action(self, name: str, fields: Mapping[str, str], timeout_s: float = 5.0) -> AmiMessage: ...

    async def collect(self, name: str, fields: Mapping[str, str], timeout_s: float = 10.0) -> list[AmiMessage]: ...


async def reopen(ami: Ami) -> None:
    """Let Asterisk open ``engine.db`` anew and forget what it read from the one before; 3 ms without a look-up.

    It keeps the file that it opened, also when another has taken its name: reloading the driver is not enough.
    """
    for step in ("unload", "load"):
        await ami.action("ModuleLoad", {"LoadType": step, "Module": "res_config_sqlite3.so"})
    await ami.action("Reload", {"Module": "res_pjsip.so"}, timeout_s=RELOAD_WITHIN_S)


async def apply(ami: Ami, files: PublishedFiles, pending: Pending, sip: Sip) -> None:
    """Bring everything pending into force. What could not be done stays pending, with a warning in the log.

    The order matters: first nobody can register with what is no longer valid, then old contacts go, then the rows of
    who is gone (an endpoint without its auth would answer 500), and last new device states are made.
    """
    await _expire(ami, pending.what)
    stayed = await _kick(ami, files, pending.ids(rows.KICK), sip)
    gone = await asyncio.to_thread(files.drop_ownerless, [each for each in pending.what if each not in stayed])
    await _expire(ami, dict.fromkeys(gone, frozenset(SipKind)))
    await _make_states(ami, Pending({each: what for each, what in pending.what.items() if each not in gone}))
    await asyncio.to_thread(files.done, [each for each in pending.what if each not in stayed])


async def _expire(ami: Ami, what: Mapping[str, frozenset[str]]) -> None:
    steps = [(kind, each) for each, marks in what.items() for kind in SipKind if kind in marks]
    await _together(_expire_one(ami, kind, each) for kind, each in steps)


async def _expire_one(ami: Ami, kind: SipKind, object_id: str) -> None:
    try:
        await ami.action("SorceryMemoryCacheExpireObject", {"Cache": f"res_pjsip/{kind}", "Object": object_id})
    except EngineRejectedError as error:
        # Not cached is what we want.
        _log.debug("publish_not_cached kind=%s id=%s answer=%s", kind, object_id, error)


async def _kick(ami: Ami, files: PublishedFiles, ids: list[str], sip: Sip) -> frozenset[str]:
    """Remove the contacts of ``ids``; gives those whose contacts may still be there."""
    if not ids:
        return frozenset()
    registered = await _registered(ami)
    digests = await asyncio.to_thread(files.digests, [each for each in ids if each in registered])
    host = "127.0.0.1" if sip.bind == "0.0.0.0" else sip.bind  # noqa: S104  compared, not bound
    stayed: set[str] = set()

    async def kick(object_id: str, digest: str) -> None:
        ha1 = digest.partition(",")[0].removeprefix("MD5:")
        try:
            await unregister(host, sip.udp_port, Identity(object_id, sip.realm, ha1))
        except UnregisterError as error:
            _log.warning("publish_contact_stays id=%s error=%s", object_id, error)
            stayed.add(object_id)

    await _together(kick(each, digest) for each, digest in digests.items())
    return frozenset(stayed)


async def _registered(ami: Ami) -> set[str]:
    """The AORs that have contacts."""
    try:
        contacts = await ami.collect("PJSIPShowContacts", {})
    except EngineRejectedError:  # "No Contacts found"
        return set()
    return {contact.get("ObjectName").rpartition(";@")[0] for contact in contacts}


async def _make_states(ami: Ami, pending: Pending) -> None:
    """Give new endpoints their device state and let changed AORs be asked as they now say.

    Asterisk would make the state by itself when a phone registers, but with the first answer to a qualify only.
    """
    new = pending.ids(rows.NEW)
    if len(new) > ONE_BY_ONE:
        await ami.action("Reload", {"Module": "res_pjsip.so"}, timeout_s=RELOAD_WITHIN_S)
        return
    for each in {*new, *pending.ids(SipKind.AOR)}:
        command = {"Command": f"pjsip reload qualify endpoint {each}"}
        await ami.action("Command", command, timeout_s=RELOAD_WITHIN_S)


async def _together(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all ``steps``, a bounded number at once; the first failure ends the others and is raised as it is."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(step: Coroutine[Any, Any, None]) -> None:
        async with places:
            await step

    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(one(step))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
