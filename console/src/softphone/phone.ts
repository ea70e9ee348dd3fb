/**
 * The phone of the one tab that owns it: registration, calls and their media, driven by commands.
 * It knows nothing of React and nothing of other tabs; `tabs.ts` decides who runs it.
 */
import { closeStream, openMicrophone } from "./devices";
import type { Account, EndReason, SipCall, SipPhone } from "./jssip";
import { type LeftCalls, leaveCalls, RESTORE_MS } from "./memory";
import { type Command, NO_PHONE, type PhoneCall, type PhoneNotice, type PhoneState, restorable } from "./model";
import { Ringer, Speaker } from "./sound";

export interface Surroundings {
  /** Ask the server for the account of an extension. */
  account: (extension: string) => Promise<Account>;
  changed: (state: PhoneState) => void;
  rings: (call: PhoneCall | null) => void;
}

interface Running {
  sip: SipCall | null;
  view: PhoneCall;
  microphone?: MediaStream;
  speaker?: Speaker;
}

const MOST_CALLS = 4;
const RETRY_MS = 4_000;

const NOTICES: Partial<Record<EndReason, PhoneNotice["key"]>> = {
  busy: "busy",
  rejected: "rejected",
  noAnswer: "noAnswer",
  unreachable: "unreachable",
  microphone: "microphone",
  lost: "lost",
  failed: "failed",
};

export class Phone {
  state: PhoneState = NO_PHONE;

  readonly #around: Surroundings;
  readonly #ringer = new Ringer();
  readonly #running = new Map<string, Running>();
  #sip: SipPhone | undefined;
  #left: LeftCalls | null = null;
  #lastId = 0;
  #wasCut = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Become `extension`, and bring back `left`, the calls of the page that was here before. */
  async start(extension: string, left: LeftCalls | null = null): Promise<void> {
    this.stop();
    this.#left = left && left.extension === extension && Date.now() - left.atMs < RESTORE_MS ? left : null;
    this.#set({ ...NO_PHONE, extension, registration: extension ? "connecting" : "off" });
    if (extension) await this.#connect(extension);
  }

  stop(): void {
    clearTimeout(this.#retry);
    for (const running of this.#running.values()) running.sip?.hangup();
    for (const id of [...this.#running.keys()]) this.#release(id);
    this.#sip?.stop();
    this.#sip = undefined;
    if (this.state.calls.length > 0) this.#publish();
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case "choose":
        return this.start(command.extension);
      case "leave":
        return this.start("");
      case "retry":
        return this.start(this.state.extension);
      case "call":
        return this.#call(command.number);
      case "forgetNotice":
        return this.#set({ notice: null });
      default:
        return this.#runOnCall(command);
    }
  }

  /** The microphone of a running call, for the level meter. */
  get microphone(): MediaStream | undefined {
    return [...this.#running.values()].find((one) => one.microphone)?.microphone;
  }

  /** Change devices in the middle of calls. */
  async switchDevices(speaker: string, microphone: string): Promise<void> {
    for (const running of this.#running.values()) {
      await running.speaker?.playThrough(speaker);
      if (!running.microphone || !running.sip) continue;
      const fresh = await openMicrophone(microphone);
      await running.sip.speakThrough(fresh);
      closeStream(running.microphone);
      running.microphone = fresh;
    }
  }

  /** Write down what another page needs to bring the calls back; called while calls last and when the page goes. */
  remember(): void {
    leaveCalls({ extension: this.state.extension, atMs: Date.now(), calls: restorable(this.state.calls) });
  }

  async #connect(extension: string): Promise<void> {
    let account: Account;
    let SipPhone: typeof import("./jssip").SipPhone;
    try {
      // Loaded by who is a phone only; it is a fifth of the whole console. After an upgrade an open page cannot load it.
      [{ SipPhone }, account] = await Promise.all([import("./jssip"), this.#around.account(extension)]);
    } catch (error) {
      if (this.state.extension !== extension) return;
      this.#set({ registration: "failed", problem: error instanceof Error ? error.message : "" });
      this.#retry = setTimeout(() => void this.#connect(extension), RETRY_MS);
      return;
    }
    if (this.state.extension !== extension) return;
    this.#set({ displayName: account.displayName });
    this.#sip = new SipPhone(account, {
      registered: () => this.#registered(),
      unregistered: (problem) => this.#set({ registration: "failed", problem }),
      disconnected: () => {
        this.#wasCut = true;
        this.#set({ registration: "connecting", problem: "" });
      },
      incoming: (call) => this.#incoming(call),
    });
    this.#sip.start();
  }

  #registered(): void {
    this.#set({ registration: "registered", problem: "" });
    // A new Asterisk knows nothing of calls that seem to go on here.
    if (this.#wasCut) for (const { sip } of this.#running.values()) sip?.probe();
    this.#wasCut = false;
    const left = this.#left;
    this.#left = null;
    for (const call of left?.calls ?? []) void this.#restore(call);
  }

  async #call(number: string): Promise<void> {
    if (!this.#sip || this.#running.size >= MOST_CALLS) return;
    this.#set({ notice: null });
    const view = this.#view("out", "dialling", number, "");
    const microphone = await this.#microphone(number);
    if (!microphone) return;
    this.#holdOthers(view.id);
    this.#adopt(view, this.#sip.call(number, microphone), microphone);
  }

  #incoming(sip: SipCall): void {
    if (this.#running.size >= MOST_CALLS) {
      sip.hangup();
      return;
    }
    this.#set({ notice: null });
    this.#adopt(this.#view("in", "ringing", sip.number, sip.name), sip);
    this.#ring();
  }

  async #restore(call: PhoneCall): Promise<void> {
    if (!this.#sip || !call.dialog) return;
    const view: PhoneCall = {
      ...call,
      id: this.#newId(),
      state: "restoring",
      isMuted: false,
      isWaiting: false,
      dialog: null,
    };
    const microphone = await this.#microphone(call.number);
    if (!microphone) return;
    this.#adopt(view, this.#sip.restore(call.dialog, call.number, microphone), microphone);
  }

  async #runOnCall(command: Extract<Command, { id: string }>): Promise<void> {
    const running = this.#running.get(command.id);
    if (!running?.sip) return;
    const { sip, view } = running;
    if (command.do === "answer") return this.#answer(running);
    if (command.do === "hangup") return sip.hangup();
    if (command.do === "digit") return sip.digit(command.digit);
    if (command.do === "transfer") return sip.transfer(command.number);
    if (command.do === "mute") return sip.mute(command.on);
    if (command.do === "join") {
      const other = this.#running.get(command.otherId)?.sip;
      if (other) sip.join(other);
      return;
    }
    if (!command.on) this.#holdOthers(view.id);
    sip.hold(command.on);
  }

  async #answer(running: Running): Promise<void> {
    const microphone = await this.#microphone(running.view.number);
    if (!microphone || !running.sip) return;
    this.#holdOthers(running.view.id);
    running.microphone = microphone;
    running.sip.answer(microphone);
  }

  #adopt(view: PhoneCall, sip: SipCall, microphone?: MediaStream): void {
    const running: Running = { sip, view, microphone, speaker: new Speaker() };
    this.#running.set(view.id, running);
    sip.listen(
      {
        changed: () => this.#refresh(running),
        ended: (reason) => this.#ended(running, reason),
        transferred: (done) => this.#notice(done ? "transferred" : "notTransferred", running.view.number),
      },
      (stream) => running.speaker?.play(stream),
    );
    this.#publish();
  }

  #refresh(running: Running): void {
    const { sip, view } = running;
    if (!sip) return;
    const talks = sip.isEstablished;
    running.view = {
      ...view,
      state: talks ? "talking" : view.state,
      answeredMs: talks ? view.answeredMs || Date.now() : view.answeredMs,
      isHeld: sip.isHeld,
      isWaiting: sip.isWaiting,
      isMuted: sip.isMuted,
      dialog: talks ? sip.dialog : null,
    };
    if (talks && view.state === "restoring") {
      if (view.isHeld) sip.hold(true);
      else sip.renewSound();
    }
    this.#publish();
    this.#ring();
  }

  #ended(running: Running, reason: EndReason): void {
    const { view } = running;
    this.#release(view.id);
    if (view.state === "restoring") this.#notice("notRestored", view.number);
    else {
      const key = NOTICES[reason];
      if (key && (view.direction === "out" || key === "microphone" || key === "lost")) this.#notice(key, view.number);
    }
    this.#publish();
  }

  #release(id: string): void {
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.speaker?.stop();
    closeStream(running?.microphone);
    this.#ring();
  }

  async #microphone(number: string): Promise<MediaStream | null> {
    try {
      return await openMicrophone();
    } catch {
      this.#notice("microphone", number);
      return null;
    }
  }

  #holdOthers(id: string): void {
    for (const { sip, view } of this.#running.values()) {
      if (view.id !== id && sip?.isEstablished && !view.isHeld) sip.hold(true);
    }
  }

  /** Ring while a call waits for an answer, but not into the ear of somebody who talks. */
  #ring(): void {
    const calls = [...this.#running.values()].map((running) => running.view);
    const ringing = calls.find((call) => call.state === "ringing") ?? null;
    if (ringing && !calls.some((call) => call.state === "talking")) this.#ringer.start();
    else this.#ringer.stop();
    this.#around.rings(ringing);
  }

  #view(direction: PhoneCall["direction"], state: PhoneCall["state"], number: string, name: string): PhoneCall {
    const flags = { isMuted: false, isHeld: false, isWaiting: false };
    return {
      id: this.#newId(),
      direction,
      state,
      number,
      name,
      startedMs: Date.now(),
      answeredMs: 0,
      ...flags,
      dialog: null,
    };
  }

  #newId(): string {
    this.#lastId += 1;
    return `call-${this.#lastId}`;
  }

  #notice(key: PhoneNotice["key"], number: string): void {
    this.#set({ notice: { key, number, atMs: Date.now() } });
  }

  #publish(): void {
    this.#set({ calls: [...this.#running.values()].map((running) => running.view) });
    this.remember();
  }

  #set(parts: Partial<PhoneState>): void {
    this.state = { ...this.state, ...parts };
    this.#around.changed(this.state);
  }
}
