import { beforeEach, describe, expect, it } from "vitest";
import { BoardConnection, GIVE_UP_MS, type Socket, STALE_MS } from "../src/board/connection";
import type { Frame } from "../src/board/model";
import { BoardStore } from "../src/board/store";

const ENGINE = { up: true, version: "", published: 1, problem: "" };

class FakeSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: unknown[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  hear(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

/** Sockets and a clock of our own: `pass` runs what falls due. */
class World {
  now = 0;
  readonly sockets: FakeSocket[] = [];
  #timers: { at: number; run: () => void }[] = [];

  open = (): Socket => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };

  after = (delayMs: number, run: () => void): (() => void) => {
    const timer = { at: this.now + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = next.at;
      this.#timers = this.#timers.filter((one) => one !== next);
      next.run();
    }
    this.now = end;
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }
}

function snapshot(seq: number, epoch = "a"): Frame {
  return { type: "snapshot", epoch, seq, at_ms: 0, engine: ENGINE, lines: [], calls: [] };
}

function delta(seq: number, epoch = "a"): Frame {
  return { type: "delta", epoch, seq, at_ms: 0 };
}

let world: World;
let store: BoardStore;
let connection: BoardConnection;

beforeEach(() => {
  world = new World();
  store = new BoardStore((run) => run());
  connection = new BoardConnection(store, { open: world.open, now: () => world.now, after: world.after });
  connection.start();
});

function goLive(): void {
  world.socket.onopen?.();
  world.socket.hear(snapshot(1));
}

describe("the board's connection", () => {
  it("is live only after the snapshot", () => {
    world.socket.onopen?.();
    expect(world.socket.sent).toEqual([{ type: "subscribe" }]);
    world.socket.hear(delta(9));
    expect(connection.state).toBe("connecting");
    world.socket.hear(snapshot(9));
    expect(connection.state).toBe("live");
    expect(store.seq).toBe(9);
  });

  it("asks for a snapshot on the same socket after a gap", () => {
    goLive();
    world.socket.hear(delta(3));
    world.socket.hear(delta(4));
    expect(world.socket.sent).toEqual([{ type: "subscribe" }, { type: "subscribe" }]);
    expect(store.seq).toBe(1);
    world.socket.hear(snapshot(4));
    world.socket.hear(delta(5));
    expect(store.seq).toBe(5);
    expect(world.sockets).toHaveLength(1);
  });

  it("asks for a snapshot when the exchange began a new epoch", () => {
    goLive();
    world.socket.hear(delta(2, "b"));
    world.socket.hear(snapshot(0, "b"));
    expect(store.epoch).toBe("b");
    expect(store.seq).toBe(0);
  });

  it("says within three seconds that nothing arrives, and is live again with the next frame", () => {
    goLive();
    world.pass(STALE_MS - 100);
    expect(connection.state).toBe("live");
    world.pass(100);
    expect(connection.state).toBe("stale");
    world.socket.hear({ type: "beat", at_ms: 0 });
    expect(connection.state).toBe("live");
  });

  it("gives a silent socket up and resumes where it was", () => {
    goLive();
    world.socket.hear(delta(2));
    const silent = world.socket;
    world.pass(GIVE_UP_MS + 300);
    expect(silent.isClosed).toBe(true);
    expect(world.sockets).toHaveLength(2);
    world.socket.onopen?.();
    expect(world.socket.sent).toEqual([{ type: "resume", epoch: "a", seq: 2 }]);
    world.socket.hear(delta(3));
    expect(connection.state).toBe("live");
    expect(store.seq).toBe(3);
  });

  it("waits longer after each failure, at most three seconds", () => {
    goLive();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const before = world.sockets.length;
      const lostAt = world.now;
      world.socket.onclose?.();
      expect(connection.state).toBe("reconnecting");
      while (world.sockets.length === before) world.pass(50);
      waits.push(world.now - lostAt);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 3000, 3000, 3000]);
  });

  it("opens nothing more once stopped", () => {
    goLive();
    connection.stop();
    world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.socket.isClosed).toBe(true);
  });
});
