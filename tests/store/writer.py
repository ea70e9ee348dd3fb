"""A process to be killed: makes one change set after the other and prints the number of each once it is committed."""

import asyncio
import itertools
import sys
from pathlib import Path

from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.settings import Store as StoreSettings
from signalbox.store import Scope, Store


async def main(data: str, url: str, start: int) -> None:
    settings = Settings(data=data, store=StoreSettings(url=url))
    store = Store.open(settings)
    box = Secrets.open(Path(data) / "secrets").box
    for number in itertools.count(start, 2):
        async with store.change(Scope.only(FIRST_TENANT), "writer", "two at once") as change:
            await edit.create_many(change, box, [Draft(number=str(number)), Draft(number=str(number + 1))])
        print(change.id, flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
