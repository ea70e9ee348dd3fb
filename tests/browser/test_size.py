"""A thousand extensions: how soon the board is there, and how smoothly it scrolls while 40 lines change each tick."""

import json
import random
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from bench.platform import Platform, report
from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole, OpenProfile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

COUNT = 1000
CHANGED = 40
TICK_MS = 25
OPEN_S = 10.0
LONG_MS = 250.0
_SCROLL = """seconds => new Promise(done => {
  const gaps = [];
  const box = [...document.querySelectorAll('*')].filter(one => one.scrollHeight > one.clientHeight + 200 &&
    /auto|scroll/.test(getComputedStyle(one).overflowY)).find(one => one.querySelector('[data-testid=tiles]'))
    ?? document.scrollingElement;
  const end = performance.now() + seconds * 1000;
  let last = performance.now(), step = 12;
  const frame = now => {
    gaps.push(now - last);
    last = now;
    const before = box.scrollTop;
    box.scrollTop += step;
    if (box.scrollTop === before) step = -step;
    now < end ? requestAnimationFrame(frame) : done({ gaps: gaps.slice(1), height: box.scrollHeight });
  };
  requestAnimationFrame(frame);
})"""


@pytest.fixture
def _thousand(administrator: Administrator) -> Iterator[None]:
    answer = administrator.post("/extensions/bulk", {"start": "600", "count": 300})
    more = administrator.post("/extensions/bulk", {"start": "1000", "count": COUNT - 300})
    yield
    for change in (more["change"], answer["change"]):
        administrator.post(f"/changes/{change}/undo")


@pytest.mark.usefixtures("_thousand")
def test_open_the_board_of_a_thousand_extensions(console: OpenConsole) -> None:
    page = console("/system")
    began = time.monotonic()
    page.goto(page.url.replace("/system", "/"))
    expect(page.get_by_test_id("tile-1699")).to_be_attached(timeout=30_000)
    took = time.monotonic() - began
    report(
        "board opens", {"extensions": COUNT, "seconds": round(took, 2)}, "one Chromium without GPU on the same machine"
    )
    assert took < OPEN_S


class BusyBoard:
    """A board's WebSocket played by the test: a snapshot, then deltas as fast as the server's tick."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seq = 0
        self.socket: WebSocketRoute | None = None
        self.lines = {str(number): self.line(str(number), "idle") for number in range(1000, 1000 + COUNT)}

    def line(self, number: str, state: str) -> dict[str, object]:
        busy = state not in ("idle", "offline")
        return {
            "tenant": 1,
            "extension": number,
            "name": f"Person {number}",
            "state": state,
            "contacts": 1,
            "since_ms": int(time.time() * 1000) if busy else 0,
            "call_id": "",
            "peers": ["Somebody else"] if busy else [],
        }

    def take(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        socket.on_message(lambda _: self.snapshot())

    def _send(self, kind: str, **parts: object) -> None:
        assert self.socket is not None
        head = {"type": kind, "epoch": "test", "seq": self.seq, "at_ms": int(time.time() * 1000)}
        self.socket.send(json.dumps(head | parts))

    def snapshot(self) -> None:
        engine = {"up": True, "version": "22", "published": 1, "problem": ""}
        self._send("snapshot", engine=engine, lines=list(self.lines.values()), calls=[])

    def tick(self) -> None:
        """Change 40 lines, as a very busy house would within a tick."""
        chosen = self.random.sample(sorted(self.lines), CHANGED)
        states = ("idle", "ringing", "calling", "in_call", "on_hold")
        for number in chosen:
            self.lines[number] = self.line(number, self.random.choice(states))
        self.seq += 1
        self._send("delta", lines=[self.lines[number] for number in chosen])


def feed(page: Page, board: BusyBoard, for_s: float) -> None:
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        began = time.monotonic()
        board.tick()
        page.wait_for_timeout(max(1.0, TICK_MS - (time.monotonic() - began) * 1000))


def test_scroll_smoothly_while_forty_lines_change_each_tick(system: Platform, profile: OpenProfile) -> None:
    page = profile().new_page()
    board = BusyBoard(7)
    page.route_web_socket("**/api/v1/board", board.take)
    page.goto(system.console)
    expect(page.get_by_test_id("tile-1999")).to_be_attached()
    page.evaluate(f"() => {{ window.__scrolled = ({_SCROLL})(5) }}")
    feed(page, board, 5.5)
    found = page.evaluate("() => window.__scrolled")
    gaps = sorted(found["gaps"])
    p50, p95, longest = (round(gaps[int((len(gaps) - 1) * share)], 1) for share in (0.5, 0.95, 1.0))
    figures = {"frames": len(gaps), "p50_ms": p50, "p95_ms": p95, "longest_ms": longest, "ticks": board.seq}
    report("board scrolls", figures, f"{COUNT} tiles, {CHANGED} changed a tick, one Chromium without GPU, same machine")
    assert found["height"] > 2 * 900
    assert board.seq > 60
    assert p95 < LONG_MS
    shown = page.get_by_test_id("tiles").locator("[data-state=in_call]").count()
    assert shown == sum(line["state"] == "in_call" for line in board.lines.values())
