/**
 * The WebSocket under the board, as an explicit state machine: connecting, live, stale, reconnecting.
 *
 * It resumes where it was; after a gap or a new epoch it asks for a fresh snapshot on the same socket.
 * The server sends something at least once a second, so that within three silent seconds it is known that the board may be out of date.
 */
import type { Frame } from "./model";
import type { BoardStore } from "./store";

export type LinkState = "connecting" | "live" | "stale" | "reconnecting";

export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface Surroundings {
  open: () => Socket;
  now: () => number;
  after: (delayMs: number, run: () => void) => () => void;
}

export const STALE_MS = 2_500;
export const GIVE_UP_MS = 10_000;
const CHECK_MS = 250;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 3_000;

export class BoardConnection {
  state: LinkState = "connecting";
  heardAt = 0;

  readonly #store: BoardStore;
  readonly #around: Surroundings;
  readonly #listeners = new Set<() => void>();
  #socket: Socket | undefined;
  #cancelTimer: () => void = () => undefined;
  #awaitsSnapshot = false;
  #attempts = 0;
  #stopped = true;

  constructor(store: BoardStore, around: Surroundings) {
    this.#store = store;
    this.#around = around;
  }

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  /** Try at once, without waiting for the next attempt. */
  retry(): void {
    this.#drop();
    this.#attempts = 0;
    this.#connect();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #connect(): void {
    const socket = this.#around.open();
    this.#socket = socket;
    this.heardAt = this.#around.now();
    socket.onopen = () => this.#ask(socket);
    socket.onmessage = ({ data }) => this.#heard(socket, JSON.parse(String(data)) as Frame);
    socket.onclose = () => this.#lost();
    this.#watch();
  }

  #ask(socket: Socket): void {
    const { epoch, seq } = this.#store;
    this.#awaitsSnapshot = epoch === "";
    socket.send(JSON.stringify(epoch ? { type: "resume", epoch, seq } : { type: "subscribe" }));
  }

  #heard(socket: Socket, frame: Frame): void {
    this.heardAt = this.#around.now();
    this.#attempts = 0;
    if (frame.type === "snapshot") {
      this.#awaitsSnapshot = false;
      this.#store.load(frame, this.heardAt);
    } else if (frame.type === "delta" && !this.#awaitsSnapshot && this.#store.apply(frame) === "gap") {
      this.#awaitsSnapshot = true;
      socket.send(JSON.stringify({ type: "subscribe" }));
    }
    if (!this.#awaitsSnapshot) this.#enter("live");
  }

  #watch(): void {
    this.#cancelTimer = this.#around.after(CHECK_MS, () => {
      const silentMs = this.#around.now() - this.heardAt;
      if (silentMs >= GIVE_UP_MS) return this.#lost();
      if (silentMs >= STALE_MS && this.state === "live") this.#enter("stale");
      this.#watch();
    });
  }

  #lost(): void {
    this.#drop();
    if (this.#stopped) return;
    this.#enter("reconnecting");
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.#attempts, LONGEST_RETRY_MS);
    this.#attempts += 1;
    this.#cancelTimer = this.#around.after(delay, () => this.#connect());
  }

  #drop(): void {
    this.#cancelTimer();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #enter(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.#listeners) listener();
  }
}
