"""The real application on a real store; the exchange is played by the real link server."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from signalbox.features.people.rules import digest
from signalbox.features.people.tables import SessionRow
from signalbox.features.people.users import NO_SCOPE_YET, create_user
from signalbox.kernel.tasks import TaskSet
from signalbox.settings import Settings, Web
from signalbox.store.database import Store
from signalbox.store.migrate import upgrade
from signalbox.web import certificates
from signalbox.web.access import csrf_token_of
from signalbox.web.application import create_app
from signalbox.web.edge import Application
from tests.web.exchange import FakeExchange

SESSION = "prepared-session-secret"
USERNAME, PASSWORD = "admin", "correct-horse-battery"
BASE = "https://testserver"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a migrated store and one administrator, made once and copied for each test."""
    data = tmp_path_factory.mktemp("prepared")
    settings = Settings(data=str(data))

    async def prepare() -> None:
        await upgrade(settings)
        store = Store.open(settings)
        user = await create_user(store, USERNAME, PASSWORD)
        async with store.session(NO_SCOPE_YET, write=True) as session:
            now = store.clock.now()
            row = SessionRow(digest=digest(SESSION), tenant=user.tenant, user_id=user.id, created_at=now)
            row.expires_at = now + timedelta(hours=1)
            session.add(row)
        await store.close()

    asyncio.run(prepare())
    certificates.ensure(settings)
    return data


@pytest.fixture
def settings(prepared: Path, tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    shutil.copytree(prepared, data)
    (data / "run").mkdir(exist_ok=True)
    return Settings(data=str(data), web=Web(bind="127.0.0.1", https_port=free_port(), http_port=free_port()))


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    opened = Store.open(settings)
    yield opened
    await opened.close()


@pytest.fixture
async def app(settings: Settings, store: Store) -> AsyncIterator[Application]:
    """The application, started; without an exchange unless the test asks for ``exchange`` too."""
    application = create_app(settings, store)
    async with started(application):
        yield application


@contextlib.asynccontextmanager
async def started(application: Application) -> AsyncIterator[None]:
    """Run the lifespan in a task of its own: fixtures are left by another task than entered them."""
    up, down = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with application.lifespan():
            up.set()
            await down.wait()

    tasks = TaskSet()
    life = tasks.start(live(), "lifespan")
    await up.wait()
    try:
        yield
    finally:
        down.set()
        await life


def client_of(app: Application, base: str = BASE) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("192.0.2.7", 5000))  # type: ignore[arg-type]  # two spellings of ASGI
    return httpx.AsyncClient(transport=transport, base_url=base)


async def sign_in(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Sign ``client`` in and let it send the CSRF token with everything."""
    answer = await client.post("/api/v1/session", json={"username": USERNAME, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return client


def with_session(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Give ``client`` the session that was prepared: a real sign-in costs a tenth of a second of both cores."""
    secure = client.base_url.scheme == "https"
    client.cookies.set("__Host-sb_session" if secure else "sb_session", SESSION)
    client.headers["X-CSRF-Token"] = csrf_token_of(SESSION)
    return client


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody."""
    async with client_of(app) as opened:
        yield opened


@pytest.fixture
async def admin(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator, signed in."""
    async with client_of(app) as opened:
        yield with_session(opened)


@pytest.fixture
async def exchange(settings: Settings) -> AsyncIterator[FakeExchange]:
    fake = FakeExchange(settings.paths.exchange_socket)
    await fake.start()
    yield fake
    await fake.stop()
