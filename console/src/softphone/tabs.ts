/**
 * One phone for all tabs of a browser. A Web Lock names the tab that owns it; the others show its state and send
 * it commands over a channel. When the owner goes, the next tab takes the lock, registers, and brings its calls back.
 */

import type { LeftCalls } from "./memory";
import { type Command, NO_PHONE, type PhoneState, restorable } from "./model";

type Message = { kind: "hello" } | { kind: "state"; state: PhoneState } | { kind: "command"; command: Command };

export interface Channel {
  post: (message: Message) => void;
  listen: (heard: (message: Message) => void) => () => void;
}

/** Waits for the lock; `held` runs once it is ours, and keeps it until its promise settles. */
export type AcquireLock = (held: () => Promise<void>, signal: AbortSignal) => void;

export interface Owner {
  run: (command: Command) => void;
  stop: () => void;
}

export interface TabsOptions {
  channel: Channel;
  acquire: AcquireLock;
  /** Start the real phone in this tab; `left` are the calls that the last owner was in. */
  own: (left: LeftCalls | null, changed: (state: PhoneState) => void) => Owner;
  now: () => number;
}

export class PhoneTabs {
  state: PhoneState = NO_PHONE;
  isOwner = false;

  readonly #options: TabsOptions;
  readonly #listeners = new Set<() => void>();
  #leaving = new AbortController();
  #owner: Owner | undefined;
  #heardAt = 0;
  #unlisten: () => void = () => undefined;

  constructor(options: TabsOptions) {
    this.#options = options;
  }

  start(): void {
    const { channel, acquire } = this.#options;
    this.#leaving = new AbortController();
    this.#unlisten = channel.listen((message) => this.#heard(message));
    channel.post({ kind: "hello" });
    acquire(() => this.#takeOver(), this.#leaving.signal);
  }

  stop(): void {
    this.#leaving.abort();
    this.#owner?.stop();
    this.#owner = undefined;
    this.isOwner = false;
    this.#unlisten();
  }

  send(command: Command): void {
    if (this.#owner) this.#owner.run(command);
    else this.#options.channel.post({ kind: "command", command });
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #takeOver(): Promise<void> {
    const { calls, extension } = this.state;
    const left = this.#heardAt ? { extension, calls: restorable(calls), atMs: this.#options.now() } : null;
    this.isOwner = true;
    this.#owner = this.#options.own(left, (state) => this.#changed(state));
    return new Promise((release) => this.#leaving.signal.addEventListener("abort", () => release(), { once: true }));
  }

  #heard(message: Message): void {
    if (message.kind === "state" && !this.#owner) {
      this.#heardAt = this.#options.now();
      this.#show(message.state);
    }
    if (message.kind === "hello" && this.#owner) this.#options.channel.post({ kind: "state", state: this.state });
    if (message.kind === "command") this.#owner?.run(message.command);
  }

  #changed(state: PhoneState): void {
    this.#show(state);
    this.#options.channel.post({ kind: "state", state });
  }

  #show(state: PhoneState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }
}
