import { describe, expect, it } from "vitest";
import type { Ladder, LadderRow } from "../src/api/types";
import { clipped, GUTTER, layOut, seconds, toneOf } from "../src/ladder/layout";

function row(atMs: number, from: string, to: string, kind: LadderRow["kind"] = "sip", text = "INVITE"): LadderRow {
  return { at_ms: atMs, kind, from, to, text, detail: "", rule: "", raw: "" };
}

const LADDER: Ladder = {
  call_id: "n1-1.1",
  live: false,
  started_ms: 1_000,
  ended_ms: 9_000,
  participants: [
    { id: "a", label: "100", kind: "phone" },
    { id: "e", label: "Asterisk", kind: "engine" },
  ],
  rows: [row(1_000, "a", "e"), row(1_005, "e", "e", "event", "begins"), row(9_000, "e", "a", "sip", "BYE")],
};

describe("the ladder", () => {
  it("keeps the order of time and draws arrows from column to column", () => {
    const { rows, columns } = layOut(LADDER, () => true, 0);
    expect(rows.map(({ row: one }) => one.text)).toEqual(["INVITE", "begins", "BYE"]);
    expect(rows.map(({ y }) => y)).toEqual([...rows.map(({ y }) => y)].sort((a, b) => a - b));
    const [invite, event, bye] = rows;
    expect(invite?.x1).toBe(columns[0]?.x);
    expect(invite?.x2).toBe(columns[1]?.x);
    expect(event?.x1).toBe(event?.x2);
    expect([bye?.x1, bye?.x2]).toEqual([columns[1]?.x, columns[0]?.x]);
    expect(bye?.sinceStartMs).toBe(8_000);
  });

  it("marks a long pause, measured between what is shown", () => {
    expect(layOut(LADDER, () => true, 0).pauses.map(({ lengthMs }) => lengthMs)).toEqual([7_995]);
    expect(layOut(LADDER, (one) => one.kind === "sip", 0).pauses.map(({ lengthMs }) => lengthMs)).toEqual([8_000]);
  });

  it("names rows by their place in the call also when some are hidden", () => {
    expect(layOut(LADDER, (one) => one.kind === "sip", 0).rows.map(({ index }) => index)).toEqual([0, 2]);
  });

  it("shares the room among the columns, within bounds", () => {
    expect(layOut(LADDER, () => true, GUTTER + 500).columnWidth).toBe(250);
    expect(layOut(LADDER, () => true, 100).columnWidth).toBe(160);
    expect(layOut(LADDER, () => true, 5_000).columnWidth).toBe(320);
  });

  it("places a row of an unknown participant instead of failing", () => {
    const { rows } = layOut({ ...LADDER, rows: [row(1_000, "ghost", "e")] }, () => true, 0);
    expect(rows[0]?.x1).toBe(GUTTER);
  });
});

describe("a row", () => {
  it.each([
    ["INVITE", "request"],
    ["180 Ringing", "progress"],
    ["200 OK", "good"],
    ["401 Unauthorized", "progress"],
    ["407 Proxy Authentication Required", "progress"],
    ["404 Not Found", "bad"],
    ["603 Decline", "bad"],
  ])("%s is shown as %s", (text, tone) => {
    expect(toneOf(row(0, "a", "e", "sip", text))).toBe(tone);
  });

  it("tells milliseconds, and is cut to its room", () => {
    expect(seconds(1_234.6)).toBe("1.235");
    expect(clipped("abcdef", 4)).toBe("abc…");
    expect(clipped("abcd", 4)).toBe("abcd");
  });
});
