/**
 * The board in this browser: a snapshot with deltas folded in, outside React, so that a change of one line
 * renders one tile. It knows nothing of sockets; `connection.ts` feeds it.
 */
import { type CallView, type Delta, type EngineView, type Line, lineKey, type Snapshot } from "./model";

export type Outcome = "applied" | "known" | "gap";

type Listener = () => void;

const NO_ENGINE: EngineView = { up: false, version: "", published: 0, problem: "" };

export class BoardStore {
  epoch = "";
  seq = -1;
  /** How far the server's clock is ahead of ours. */
  skewMs = 0;
  engine: EngineView = NO_ENGINE;

  readonly #lines = new Map<string, Line>();
  readonly #calls = new Map<string, CallView>();
  readonly #ofLine = new Map<string, Set<Listener>>();
  readonly #ofAll = new Set<Listener>();
  readonly #later: (run: () => void) => void;
  #allPending = false;
  #version = 0;

  /** `later` delays what watches the whole board, to at most once a frame in a browser. */
  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  /** A snapshot has come, were it only to say that the exchange is not running. */
  get isLoaded(): boolean {
    return this.seq >= 0;
  }

  get version(): number {
    return this.#version;
  }

  get lines(): ReadonlyMap<string, Line> {
    return this.#lines;
  }

  get calls(): ReadonlyMap<string, CallView> {
    return this.#calls;
  }

  line(key: string): Line | undefined {
    return this.#lines.get(key);
  }

  load(snapshot: Snapshot, nowMs: number): void {
    const before = new Set(this.#lines.keys());
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
    this.skewMs = snapshot.at_ms - nowMs;
    this.engine = snapshot.engine;
    this.#calls.clear();
    for (const call of snapshot.calls) this.#calls.set(call.call_id, call);
    for (const line of snapshot.lines) {
      before.delete(lineKey(line));
      this.#setLine(line);
    }
    for (const key of before) this.#dropLine(key);
    this.#changed();
  }

  /** Fold one delta in. After a `gap` the board is as before and needs a new snapshot. */
  apply(delta: Delta): Outcome {
    if (delta.epoch !== this.epoch || delta.seq > this.seq + 1) return "gap";
    if (delta.seq <= this.seq) return "known";
    this.seq = delta.seq;
    if (delta.engine) this.engine = delta.engine;
    for (const line of delta.lines ?? []) this.#setLine(line);
    for (const key of delta.lines_gone ?? []) this.#dropLine(key);
    for (const call of delta.calls ?? []) this.#calls.set(call.call_id, call);
    for (const id of delta.calls_gone ?? []) this.#calls.delete(id);
    this.#changed();
    return "applied";
  }

  subscribeLine(key: string, listener: Listener): () => void {
    const listeners = this.#ofLine.get(key) ?? new Set();
    this.#ofLine.set(key, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofLine.get(key) === listeners) this.#ofLine.delete(key);
    };
  }

  subscribeAll(listener: Listener): () => void {
    this.#ofAll.add(listener);
    return () => this.#ofAll.delete(listener);
  }

  #setLine(line: Line): void {
    this.#lines.set(lineKey(line), line);
    this.#tell(lineKey(line));
  }

  #dropLine(key: string): void {
    this.#lines.delete(key);
    this.#tell(key);
  }

  #tell(key: string): void {
    for (const listener of this.#ofLine.get(key) ?? []) listener();
  }

  #changed(): void {
    if (this.#allPending) return;
    this.#allPending = true;
    this.#later(() => {
      this.#allPending = false;
      this.#version += 1;
      for (const listener of this.#ofAll) listener();
    });
  }
}
