import { describe, expect, it } from "vitest";
import type { Line, LineState } from "../src/board/model";
import { countStates, keepIfSame, select } from "../src/board/selection";

function line(extension: string, name: string, state: LineState): Line {
  return { tenant: 1, extension, name, state, contacts: 1, since_ms: 0, call_id: "", peers: [] };
}

const LINES = [line("100", "Alice", "idle"), line("99", "Bob", "ringing"), line("1000", "Ali Baba", "offline")];

describe("the board's filter", () => {
  it("orders by length, then by digits", () => {
    expect(select(LINES, { text: "", state: "all", grouped: false })).toEqual([
      { state: "all", keys: ["1/99", "1/100", "1/1000"] },
    ]);
  });

  it("finds the beginning of a number and any part of a name, in any case", () => {
    expect(select(LINES, { text: "100", state: "all", grouped: false })[0]?.keys).toEqual(["1/100", "1/1000"]);
    expect(select(LINES, { text: " ALI ", state: "all", grouped: false })[0]?.keys).toEqual(["1/100", "1/1000"]);
    expect(select(LINES, { text: "nobody", state: "all", grouped: false })).toEqual([]);
  });

  it("groups with what rings first, and leaves empty groups out", () => {
    const groups = select(LINES, { text: "", state: "all", grouped: true });
    expect(groups.map(({ state }) => state)).toEqual(["ringing", "idle", "offline"]);
  });

  it("counts every state", () => {
    expect(countStates(LINES)).toEqual({ offline: 1, idle: 1, ringing: 1, calling: 0, in_call: 0, on_hold: 0 });
  });

  it("keeps the old value where nothing differs", () => {
    const filter = { text: "", state: "all", grouped: true } as const;
    const before = select(LINES, filter);
    expect(keepIfSame(before, select(LINES, filter))).toBe(before);
    const other = select([...LINES, line("101", "Carol", "idle")], filter);
    expect(keepIfSame(before, other)).toBe(other);
  });
});
