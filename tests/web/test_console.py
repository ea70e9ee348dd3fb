"""The browser application's files, and what is shown while they are missing."""

import os
from pathlib import Path

import httpx
import pytest

from signalbox.web.console import Console


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>console</title>")
    (folder / "assets" / "app-1a2b3c.js").write_text("console.log('x');" * 100)
    (folder / "favicon.png").write_bytes(b"\x89PNG")
    (tmp_path / "outside.txt").write_text("must not be served")
    monkeypatch.setattr(Console.__init__, "__defaults__", (folder,))
    return folder


async def test_the_page_is_never_kept_and_its_files_for_ever(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    script = await client.get("/assets/app-1a2b3c.js")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["content-encoding"] == "gzip"
    assert script.text.startswith("console.log")


async def test_without_gzip_it_comes_plain(client: httpx.AsyncClient) -> None:
    script = await client.get("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in script.headers
    assert len(script.content) == 1700


@pytest.mark.parametrize(
    "path", ["/extensions", "/calls/n1-1795175372.0", "/call-records/n1-1795175372.0", "/deep/er/page"]
)
async def test_paths_of_the_application_get_its_page(client: httpx.AsyncClient, path: str) -> None:
    assert "console" in (await client.get(path)).text


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/assets/..%2f..%2foutside.txt"],
)
async def test_files_that_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "must not be served" not in answer.text


async def test_what_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_new_build_is_noticed(client: httpx.AsyncClient, built: Path) -> None:
    await client.get("/")
    (built / "index.html").write_text("<!doctype html><title>newer</title>")
    os.utime(built / "index.html", (1, 1))
    assert "newer" in (await client.get("/")).text


async def test_a_console_that_was_not_built_is_explained(client: httpx.AsyncClient, built: Path) -> None:
    (built / "index.html").unlink()
    page = await client.get("/")
    assert page.status_code == 503
    assert "not built" in page.text
