"""The REST interface and the board as the administrator sees them: what tests prepare with, and compare screens to."""

import json
from typing import Any

import httpx
from websockets.sync.client import connect
from websockets.typing import Origin

from bench.platform import Platform


class Administrator:
    """Signed in once for all tests; ``cookie`` signs browsers in without the form."""

    def __init__(self, system: Platform) -> None:
        self.system = system
        self.password = system.password
        self.client = httpx.Client(base_url=system.console + "/api/v1", timeout=30)
        self.sign_in()

    def sign_in(self) -> None:
        """Start a session; changing the password ended the one before."""
        self.client.cookies.clear()
        body = {"username": "admin", "password": self.password}
        answer = self.client.post("/session", json=body)
        assert answer.status_code == 201, answer.text
        self.client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    @property
    def cookie(self) -> str:
        return str(self.client.cookies["sb_session"])

    def close(self) -> None:
        self.client.close()

    def get(self, path: str, **query: str) -> Any:  # JSON of any shape
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None) -> Any:  # JSON of any shape
        answer = self.client.post(path, json=body) if body is not None else self.client.post(path)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def create(self, number: str, name: str = "") -> str:
        """Create an extension; gives the secret of its phones."""
        return str(self.post("/extensions", {"number": number, "name": name})["secret"])

    def change(self, number: str, **fields: object) -> None:
        """Change an extension, as somebody else does while a form is open."""
        etag = self.client.get(f"/extensions/{number}").headers["ETag"]
        answer = self.client.patch(f"/extensions/{number}", json=fields, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text

    def delete(self, number: str) -> None:
        """Delete an extension if it is there."""
        found = self.client.get(f"/extensions/{number}")
        if found.status_code == 200:
            self.client.delete(f"/extensions/{number}", headers={"If-Match": found.headers["ETag"]})

    def board(self) -> dict[str, Any]:
        """A fresh snapshot of the board."""
        console = self.system.console
        address = console.replace("http", "ws", 1) + "/api/v1/board"
        headers = {"Cookie": f"sb_session={self.cookie}"}
        with connect(address, origin=Origin(console), additional_headers=headers, max_size=None) as socket:
            socket.send(json.dumps({"type": "subscribe"}))
            snapshot: dict[str, Any] = json.loads(socket.recv(10))
        assert snapshot["type"] == "snapshot"
        return snapshot

    def line(self, number: str) -> dict[str, Any]:
        """The board's line of one extension."""
        found: dict[str, Any] = next(line for line in self.board()["lines"] if line["extension"] == number)
        return found

    def end_calls(self) -> None:
        """Leave no call to the next test."""
        for call in self.board()["calls"]:
            self.client.post(f"/calls/{call['call_id']}/hangup")
