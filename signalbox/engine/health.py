"""One round trip to Asterisk, to know that it lives: AMI without events. Asking and commanding is the AMI link's."""

import asyncio
import contextlib

from signalbox.engine.ami.codec import AmiCodec, AmiMessage, Fields, encode_action
from signalbox.engine.errors import EngineRejectedError, EngineUnavailableError, ProtocolError

_PIECE = 65536


class EngineHealth:
    """A manager connection that only asks; connected at the first question and again after any failure.

    Every method raises ``EngineUnavailableError`` when there is no answer in time, and
    ``EngineRejectedError`` when Asterisk refuses.
    """

    def __init__(self, port: int, username: str, secret: str, within_s: float = 5.0) -> None:
        self._port = port
        self._credentials = {"Username": username, "Secret": secret, "Events": "off"}
        self._within_s = within_s
        self._codec = AmiCodec()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._last_id = 0
        self._asking = asyncio.Lock()

    async def ping(self) -> None:
        """Prove that Asterisk reads, works and answers."""
        await self._ask("Ping")

    async def wait_booted(self, within_s: float) -> None:
        """Wait until every module is loaded and calls are taken."""
        await self._ask("Command", {"Command": "core waitfullybooted"}, within_s)

    async def calls(self) -> int:
        """Count the channels in use; a call has one or more. Asterisk names the figure otherwise."""
        return int((await self._ask("CoreStatus")).get("CoreCurrentCalls", "0"))

    async def version(self) -> str:
        """Tell what Asterisk calls itself, such as ``22.10.1~dfsg+...``."""
        return (await self._ask("CoreSettings")).get("AsteriskVersion")

    async def has_module(self, name: str) -> bool:
        """Tell whether a module is loaded."""
        try:
            await self._ask("ModuleCheck", {"Module": name})
        except EngineRejectedError:
            return False
        return True

    async def reload(self, module: str) -> None:
        """Let a module read its configuration again; calls go on."""
        await self._ask("Reload", {"Module": module})

    def close(self) -> None:
        """Drop the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _ask(self, name: str, fields: Fields = (), within_s: float | None = None) -> AmiMessage:
        try:
            async with asyncio.timeout(within_s or self._within_s), self._asking:
                if self._writer is None:
                    await self._connect()
                return await self._exchange(name, fields)
        except EngineRejectedError:
            raise
        except (OSError, EOFError, TimeoutError, ProtocolError) as error:
            self.close()
            raise EngineUnavailableError(f"Asterisk did not answer {name}: {error or type(error).__name__}") from error
        except BaseException:
            self.close()  # half an answer is left on the connection
            raise

    async def _connect(self) -> None:
        self._codec = AmiCodec()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await self._exchange("Login", self._credentials)
        except EngineRejectedError:
            self.close()
            raise

    async def _exchange(self, name: str, fields: Fields) -> AmiMessage:
        assert self._reader is not None
        assert self._writer is not None
        self._last_id += 1
        action_id = str(self._last_id)
        self._writer.write(encode_action(name, action_id, fields))
        while True:
            for message in self._codec.messages():
                if message.get("ActionID") == action_id and "Response" in message.fields:
                    return _accepted(message)
            piece = await self._reader.read(_PIECE)
            if not piece:
                with contextlib.suppress(ProtocolError):
                    self._codec.end()
                raise EOFError("the connection was closed")
            self._codec.feed(piece)


def _accepted(message: AmiMessage) -> AmiMessage:
    if message.get("Response") == "Error":
        raise EngineRejectedError(message.get("Message", "refused"))
    return message
