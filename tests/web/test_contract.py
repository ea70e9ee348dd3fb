"""The OpenAPI description is kept: generated requests, right and wrong, against the whole process."""

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from signalbox.features.people.users import NO_SCOPE_YET, create_token, find_user
from signalbox.settings import Settings, Web
from signalbox.store.database import Store
from signalbox.web.process import serve
from tests.web.conftest import USERNAME, free_port
from tests.web.exchange import FakeExchange, call

EXAMPLES = 6
PHASES = [Phase.explicit, Phase.generate]

# Schemas cannot say what only the store knows (a number that is taken, a wrong password), so data that fits may be
# refused; and that a route needs a sign-in is proven for each route below, in less time.
LEFT_OUT = [positive_data_acceptance, ignored_auth]


class _System:
    """A web process with an exchange, in a thread, so that generated requests may be made without a loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.token = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)

    async def _run(self) -> None:
        self._loop, self._stopped, ready = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        store = Store.open(self.settings)
        async with store.session(NO_SCOPE_YET, write=True) as session:
            user = await find_user(session, USERNAME)
            assert user is not None
            _, self.token = await create_token(session, user.id, "contract", store.clock.now())
        await store.close()
        exchange = FakeExchange(self.settings.paths.exchange_socket)
        exchange.calls["n1-1.1"] = call("n1-1.1")
        await exchange.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(self.settings, self._stopped, ready))
            await ready.wait()
            self._ready.set()
        await exchange.stop()


@pytest.fixture(scope="module")
def system(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_System]:
    data = tmp_path_factory.mktemp("contract") / "data"
    shutil.copytree(prepared, data)
    (data / "run").mkdir(exist_ok=True)
    web = Web(bind="127.0.0.1", https_port=free_port(), http_port=free_port())
    running = _System(Settings(data=str(data), web=web))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def base(system: _System) -> str:
    return f"http://127.0.0.1:{system.settings.web.http_port}"


@pytest.fixture
def described(system: _System, base: str) -> Any:
    return schemathesis.openapi.from_url(f"{base}/api/v1/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_keeps_its_description(described: Any, system: _System, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {system.token}"}
    failures: list[str] = []
    for found in described.get_all_operations():
        operation = found.ok()

        @hypothesis_settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=PHASES)
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def keeps(case: Any) -> None:
            case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT)

        try:
            keeps()
        except hypothesis.errors.Unsatisfiable:
            continue  # nothing can be wrong with an operation that takes nothing
        except FailureGroup as error:
            failures.append(f"{operation.label}: {error.exceptions} {error}")
    assert not failures, "\n\n".join(failures)


def test_every_route_needs_a_sign_in_unless_it_signs_in(base: str) -> None:
    found = httpx.get(f"{base}/api/v1/openapi.json").json()
    for path, item in found["paths"].items():
        for method in set(item) & {"get", "post", "put", "patch", "delete"}:
            if (path, method) == ("/api/v1/session", "post"):
                continue
            real = re.sub(r"{[^}]*}", "100", path)
            assert httpx.request(method, base + real).status_code == 401, (method, path)


def test_the_description_is_closed_and_complete(base: str) -> None:
    found = httpx.get(f"{base}/api/v1/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    assert found["components"]["schemas"]["SignIn"]["additionalProperties"] is False
    for path, item in found["paths"].items():
        assert path.startswith("/api/v1/")
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert "default" in operation["responses"], (method, path)


def test_the_page_of_the_description_needs_nothing_from_elsewhere(base: str) -> None:
    page = httpx.get(f"{base}/api/v1/docs")
    assert "/api/v1/extensions" in page.text
    assert "<script" not in page.text
    assert "//" not in page.text.replace("<!doctype", "")
