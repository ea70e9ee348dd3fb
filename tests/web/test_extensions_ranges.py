"""Number ranges over REST (PBX-NUM)."""

import httpx
import pytest

RANGES = "/api/v1/number-ranges"
EVERY = {"If-Match": "*"}


@pytest.mark.requirement(*(f"PBX-NUM-0{serial}" for serial in range(1, 9)))
async def test_the_defaults_are_those_of_the_catalogue(admin: httpx.AsyncClient) -> None:
    read = (await admin.get(RANGES)).json()
    assert {name: (kept["first"], kept["last"]) for name, kept in read.items()} == {
        "extensions": ("100", "899"),
        "conferences": ("0900", "0935"),
        "queues": ("0300", "0335"),
        "departments": ("0400", "0435"),
        "paging": ("0500", "0535"),
        "ivrs": ("0600", "0635"),
        "disa": ("0700", "0735"),
        "parking": ("41", "49"),
    }


@pytest.mark.requirement("PBX-NUM-10")
async def test_a_moved_range_is_kept_and_the_old_one_is_free(admin: httpx.AsyncClient) -> None:
    etag = (await admin.get(RANGES)).headers["etag"]
    body = {"extensions": {"first": "2000", "last": "2999"}, "ivrs": {"first": "70", "last": "79"}}
    moved = await admin.patch(RANGES, json=body, headers={"If-Match": etag})
    assert moved.status_code == 200, moved.text
    assert moved.headers["etag"] == (await admin.get(RANGES)).headers["etag"]
    assert (await admin.patch(RANGES, json=body, headers={"If-Match": etag})).status_code == 412
    assert (await admin.patch(RANGES, json=body)).status_code == 428
    assert (await admin.post("/api/v1/extensions", json={})).json()["number"] == "2000"
    assert (await admin.post("/api/v1/extensions", json={"number": "0600"})).status_code == 201
    assert (await admin.post("/api/v1/extensions", json={"number": "75"})).status_code == 422
    again = {"ivrs": {"first": "0600", "last": "0635"}}
    refused = await admin.patch(RANGES, json=again, headers=EVERY)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "ivrs")


@pytest.mark.requirement("PBX-NUM-10")
@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"ivrs": {"first": "0930", "last": "0940"}}, "ivrs", "taken"),
        ({"extensions": {"first": "10", "last": "45"}}, "parking", "taken"),
        ({"disa": {"first": "20", "last": "10"}}, "disa", "out_of_range"),
        ({"disa": {"first": "20", "last": "100"}}, "disa", "bad_format"),
        ({"disa": {"first": "2", "last": "3"}}, "disa.first", "bad_format"),
    ],
)
async def test_ranges_never_overlap(
    admin: httpx.AsyncClient, body: dict[str, dict[str, str]], field: str, code: str
) -> None:
    before = (await admin.get(RANGES)).json()
    refused = await admin.patch(RANGES, json=body, headers=EVERY)
    assert refused.status_code == 422, refused.text
    assert (refused.json()["errors"][0]["field"], refused.json()["errors"][0]["code"]) == (field, code)
    assert (await admin.get(RANGES)).json() == before


@pytest.mark.requirement("PBX-NUM-10")
async def test_undo_does_not_bring_back_a_clash(admin: httpx.AsyncClient) -> None:
    await admin.patch(RANGES, json={"ivrs": {"first": "70", "last": "79"}}, headers=EVERY)
    await admin.post("/api/v1/extensions", json={"number": "0600"})
    await admin.delete("/api/v1/extensions/0600", headers=EVERY)
    await admin.post("/api/v1/changes/3/undo")
    refused = await admin.post("/api/v1/changes/1/undo")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "ivrs")
    assert (await admin.get(RANGES)).json()["ivrs"]["first"] == "70"
    await admin.delete("/api/v1/extensions/0600", headers=EVERY)
    assert (await admin.post("/api/v1/changes/1/undo")).status_code == 201
    assert (await admin.post("/api/v1/changes/5/undo")).status_code == 409


async def test_ranges_may_change_places(admin: httpx.AsyncClient) -> None:
    body = {"ivrs": {"first": "0700", "last": "0735"}, "disa": {"first": "0600", "last": "0635"}}
    assert (await admin.patch(RANGES, json=body, headers=EVERY)).status_code == 200
    assert (await admin.post("/api/v1/changes/1/undo")).status_code == 201
    assert (await admin.get(RANGES)).json()["ivrs"]["first"] == "0600"


@pytest.mark.requirement("PBX-NUM-10")
async def test_a_full_range_says_so(admin: httpx.AsyncClient) -> None:
    await admin.patch(RANGES, json={"extensions": {"first": "10", "last": "11"}}, headers=EVERY)
    answers = [await admin.post("/api/v1/extensions", json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
