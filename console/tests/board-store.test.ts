import { describe, expect, it } from "vitest";
import type { CallView, Delta, EngineView, Line, LineState, Snapshot } from "../src/board/model";
import { LINE_STATES, lineKey } from "../src/board/model";
import { BoardStore } from "../src/board/store";

const ENGINE: EngineView = { up: true, version: "22.10.1", published: 7, problem: "" };

function line(extension: string, state: LineState = "idle"): Line {
  return { tenant: 1, extension, name: `Name ${extension}`, state, contacts: 1, since_ms: 0, call_id: "", peers: [] };
}

function call(id: string): CallView {
  return { call_id: id, tenant: 1, started_ms: 5, answered_ms: 0, dialled: "101", legs: [] };
}

function snapshot(seq: number, lines: Line[] = [], calls: CallView[] = [], epoch = "a"): Snapshot {
  return { type: "snapshot", epoch, seq, at_ms: 1_000, engine: ENGINE, lines, calls };
}

function delta(seq: number, parts: Partial<Delta> = {}, epoch = "a"): Delta {
  return { type: "delta", epoch, seq, at_ms: 1_000, ...parts };
}

function newStore(): BoardStore {
  return new BoardStore((run) => run());
}

function contents(store: BoardStore) {
  const lines = [...store.lines.values()].sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1));
  const calls = [...store.calls.values()].sort((a, b) => (a.call_id < b.call_id ? -1 : 1));
  return { seq: store.seq, engine: store.engine, lines, calls };
}

describe("a delta", () => {
  it("replaces what it names and leaves the rest", () => {
    const store = newStore();
    store.load(snapshot(4, [line("100"), line("101")], [call("x")]), 1_000);
    expect(store.apply(delta(5, { lines: [line("100", "ringing")], calls: [call("y")], calls_gone: ["x"] }))).toBe(
      "applied",
    );
    expect(store.line("1/100")?.state).toBe("ringing");
    expect(store.line("1/101")?.state).toBe("idle");
    expect([...store.calls.keys()]).toEqual(["y"]);
    expect(store.engine).toEqual(ENGINE);
  });

  it("that is already known changes nothing", () => {
    const store = newStore();
    store.load(snapshot(4, [line("100")]), 1_000);
    expect(store.apply(delta(4, { lines_gone: ["1/100"] }))).toBe("known");
    expect(store.line("1/100")).toBeDefined();
  });

  it("after a missing one is a gap and changes nothing", () => {
    const store = newStore();
    store.load(snapshot(4, [line("100")]), 1_000);
    expect(store.apply(delta(6, { lines_gone: ["1/100"] }))).toBe("gap");
    expect(store.line("1/100")).toBeDefined();
    expect(store.seq).toBe(4);
  });

  it("of another epoch is a gap, whatever its number", () => {
    const store = newStore();
    store.load(snapshot(4), 1_000);
    expect(store.apply(delta(3, {}, "b"))).toBe("gap");
    expect(store.apply(delta(5, {}, "b"))).toBe("gap");
  });
});

describe("subscribers", () => {
  it("of a line hear of that line only, also when a snapshot drops it", () => {
    const store = newStore();
    store.load(snapshot(1, [line("100"), line("101")]), 1_000);
    let heard = 0;
    store.subscribeLine("1/100", () => {
      heard += 1;
    });
    store.apply(delta(2, { lines: [line("101", "in_call")] }));
    expect(heard).toBe(0);
    store.load(snapshot(3, [line("101")]), 1_000);
    expect(heard).toBe(1);
    expect(store.line("1/100")).toBeUndefined();
  });

  it("of the whole board are told once for many deltas of one frame", () => {
    const frame: (() => void)[] = [];
    const store = new BoardStore((run) => frame.push(run));
    let heard = 0;
    store.subscribeAll(() => {
      heard += 1;
    });
    store.load(snapshot(1, [line("100")]), 1_000);
    store.apply(delta(2, { lines: [line("100", "ringing")] }));
    expect(heard).toBe(0);
    for (const run of frame.splice(0)) run();
    expect(heard).toBe(1);
    store.apply(delta(3));
    expect(frame).toHaveLength(1);
  });
});

/** A small generator, so that a failing history can be run again by its seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

function history(seed: number): { deltas: Delta[]; snapshots: Snapshot[] } {
  const random = randomOf(seed);
  const lines = new Map<string, Line>();
  const calls = new Map<string, CallView>();
  const snapshots = [snapshot(0)];
  const deltas: Delta[] = [];
  for (let seq = 1; seq <= 40; seq += 1) {
    const parts: Partial<Delta> = {};
    const changed = line(String(100 + random(6)), LINE_STATES[random(LINE_STATES.length)] ?? "idle");
    if (random(4) === 0) parts.lines_gone = lines.delete(lineKey(changed)) ? [lineKey(changed)] : [];
    else {
      lines.set(lineKey(changed), changed);
      parts.lines = [changed];
    }
    const id = `c${random(4)}`;
    if (random(2) === 0) parts.calls_gone = calls.delete(id) ? [id] : [];
    else {
      calls.set(id, { ...call(id), answered_ms: seq });
      parts.calls = [{ ...call(id), answered_ms: seq }];
    }
    deltas.push(delta(seq, parts));
    snapshots.push(snapshot(seq, [...lines.values()], [...calls.values()]));
  }
  return { deltas, snapshots };
}

describe("convergence", () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed))(
    "old snapshot and deltas equal a fresh snapshot (%i)",
    (seed) => {
      const random = randomOf(seed + 1_000);
      const { deltas, snapshots } = history(seed);
      const from = random(30);
      const late = newStore();
      late.load(snapshots[from] as Snapshot, 1_000);
      const overlap = Math.max(0, from - random(5));
      for (const one of deltas.slice(overlap)) expect(late.apply(one)).not.toBe("gap");
      const fresh = newStore();
      fresh.load(snapshots.at(-1) as Snapshot, 1_000);
      expect(contents(late)).toEqual(contents(fresh));
    },
  );
});
