/**
 * The adapter of JsSIP: the only file that knows it. It turns a SIP account into calls with few verbs and few events.
 */
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { Socket } from "jssip/lib/Socket";
import type { DialogId } from "./model";

export interface Account {
  uri: string;
  username: string;
  secret: string;
  displayName: string;
  url: string;
}

export type EndReason =
  | "ended"
  | "busy"
  | "rejected"
  | "noAnswer"
  | "unreachable"
  | "microphone"
  | "gone"
  | "lost"
  | "failed";

export interface SipEvents {
  registered: () => void;
  unregistered: (reason: string) => void;
  disconnected: () => void;
  incoming: (call: SipCall) => void;
}

export interface SipCallEvents {
  changed: () => void;
  ended: (reason: EndReason) => void;
  transferred: (done: boolean) => void;
}

const EXPIRES_S = 120;
const ANSWER_MS = 2_500;
const PAUSE_MS = 1_000;
const MOST_PAUSES = 10;
const ICE_SETTLE_MS = 50;
const DIGIT_MS = 120;

export class SipPhone {
  readonly #ua: JsSIP.UA;
  readonly #domain: string;
  readonly #socket: Socket;
  readonly #events: SipEvents;
  readonly #ticker = new Worker(new URL("./ticker.worker.ts", import.meta.url), { type: "module" });
  #watch: ReturnType<typeof setTimeout> | undefined;
  #registeredAt = 0;
  #refusals = 0;

  constructor(account: Account, events: SipEvents) {
    this.#events = events;
    this.#domain = account.uri.slice(account.uri.indexOf("@") + 1);
    this.#socket = new JsSIP.WebSocketInterface(account.url);
    this.#ua = new JsSIP.UA({
      sockets: [this.#socket],
      uri: account.uri,
      authorization_user: account.username,
      password: account.secret,
      display_name: account.displayName,
      user_agent: "Signalbox console",
      register_expires: EXPIRES_S,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
    });
    this.#watchRegistration();
    this.#ticker.onmessage = () => this.#keepAwake();
    this.#ua.on("newRTCSession", (started: { originator: string; session: RTCSession }) => {
      if (started.originator === "remote") events.incoming(new SipCall(started.session));
    });
  }

  start(): void {
    this.#ua.start();
  }

  stop(): void {
    clearTimeout(this.#watch);
    this.#ticker.terminate();
    this.#ua.stop();
  }

  call(number: string, microphone: MediaStream): SipCall {
    return new SipCall(this.#ua.call(this.#address(number), media(microphone)));
  }

  /**
   * Take the place of a dialog that an earlier page left behind; Asterisk swaps the legs without ringing anybody.
   * `number` only has to exist: it is what the call record says was dialled.
   */
  restore(dialog: DialogId, number: string, microphone: MediaStream): SipCall {
    const replaces = `Replaces: ${dialog.callId};to-tag=${dialog.remoteTag};from-tag=${dialog.localTag}`;
    const options = { ...media(microphone), extraHeaders: [replaces, "Require: replaces"] };
    return new SipCall(this.#ua.call(this.#address(number), options));
  }

  /**
   * JsSIP registers on connecting and then waits 32 s for the answer, and never tries again after a refusal. An
   * Asterisk that is starting takes the connection and drops the REGISTER; it would be missed for half a minute.
   */
  #watchRegistration(): void {
    this.#ua.on("connected", () => this.#later(ANSWER_MS, () => this.#reconnect()));
    this.#ua.on("registered", () => {
      clearTimeout(this.#watch);
      this.#refusals = 0;
      this.#registeredAt = Date.now();
      this.#events.registered();
    });
    this.#ua.on("registrationFailed", ({ cause }) => {
      this.#events.unregistered(String(cause ?? ""));
      if (cause === JsSIP.C.causes.REQUEST_TIMEOUT) return this.#reconnect();
      this.#refusals += 1;
      this.#later(Math.min(this.#refusals, MOST_PAUSES) * PAUSE_MS, () => this.#ua.register());
    });
    this.#ua.on("disconnected", () => {
      clearTimeout(this.#watch);
      this.#events.disconnected();
    });
  }

  /** Do on time what JsSIP's own timers do late in a hidden tab: register again, connect again. */
  #keepAwake(): void {
    // Its transport is private; waiting for its slowed timer would leave the phone unreachable for a minute.
    const { _transport } = this.#ua as unknown as { _transport: { connect: () => void } };
    if (!this.#ua.isConnected()) {
      _transport.connect();
      return;
    }
    if (!this.#ua.isRegistered() || Date.now() - this.#registeredAt < (EXPIRES_S / 2) * 1_000) return;
    this.#registeredAt = Date.now();
    this.#ua.register();
  }

  #later(delayMs: number, run: () => void): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(run, delayMs);
  }

  /** Let JsSIP believe that the connection broke: it opens a new one and registers again. Calls go on. */
  #reconnect(): void {
    this.#socket.disconnect();
    this.#socket.ondisconnect(true, 1_006, "no answer to REGISTER");
  }

  #address(number: string): string {
    return `sip:${encodeURIComponent(number)}@${this.#domain}`;
  }
}

function media(microphone: MediaStream) {
  return {
    mediaStream: microphone,
    mediaConstraints: { audio: true, video: false },
    pcConfig: { iceServers: [] },
  };
}

export class SipCall {
  readonly #session: RTCSession;

  constructor(session: RTCSession) {
    this.#session = session;
    endGatheringEarly(session);
  }

  get number(): string {
    return decodeURIComponent(this.#session.remote_identity.uri.user ?? "");
  }

  get name(): string {
    return this.#session.remote_identity.display_name ?? "";
  }

  get isEstablished(): boolean {
    return this.#session.isEstablished();
  }

  get isHeld(): boolean {
    return this.#session.isOnHold().local;
  }

  get isWaiting(): boolean {
    return this.#session.isOnHold().remote;
  }

  get isMuted(): boolean {
    return this.#session.isMuted().audio === true;
  }

  get dialog(): DialogId | null {
    // JsSIP keeps the dialog to itself and its types do not name it; `Replaces` cannot be written without it.
    const { _dialog } = this.#session as unknown as {
      _dialog?: { id: { call_id: string; local_tag: string; remote_tag: string } };
    };
    return (
      (_dialog && { callId: _dialog.id.call_id, localTag: _dialog.id.local_tag, remoteTag: _dialog.id.remote_tag }) ||
      null
    );
  }

  get connection(): RTCPeerConnection | undefined {
    return this.#session.connection;
  }

  listen(events: SipCallEvents, heard: (stream: MediaStream) => void): void {
    const session = this.#session;
    for (const name of ["progress", "accepted", "confirmed", "hold", "unhold", "muted", "unmuted"] as const) {
      session.on(name, () => events.changed());
    }
    session.on("ended", ({ cause }) => events.ended(this.#isCut || LOST.has(cause) ? "lost" : "ended"));
    session.on("failed", ({ cause, originator, message }) => {
      const status = message && "status_code" in message ? message.status_code : 0;
      events.ended(originator === "local" ? localReason(cause) : reasonOf(status));
    });
    const attach = (peer: RTCPeerConnection) => {
      peer.addEventListener("track", ({ streams, track }) => heard(streams[0] ?? new MediaStream([track])));
      // The other end may be gone without a BYE, when Asterisk was restarted.
      peer.addEventListener("connectionstatechange", () => {
        if (peer.connectionState !== "failed") return;
        this.#isCut = true;
        this.hangup();
      });
    };
    if (session.connection) attach(session.connection);
    else session.on("peerconnection", ({ peerconnection }) => attach(peerconnection));
    this.#transferred = events.transferred;
  }

  /** Ask the other end whether it still knows this call; a refusal (481) or silence ends it. */
  probe(): void {
    if (this.#session.isEstablished()) this.#session.sendInfo("text/plain", "");
  }

  answer(microphone: MediaStream): void {
    this.#session.answer(media(microphone));
  }

  /** End the call; one that rings here is declined. */
  hangup(): void {
    const session = this.#session;
    if (session.isEnded()) return;
    const isRinging = session.direction === "incoming" && session.isInProgress();
    session.terminate(isRinging ? { status_code: 603, reason_phrase: "Decline" } : undefined);
  }

  hold(on: boolean): void {
    if (on) this.#session.hold();
    else this.#session.unhold();
  }

  /**
   * Hold and resume at once. After `Replaces`, Asterisk 22.10 may send the other side nothing of the new stream until
   * its media is negotiated again: half of the restored calls were heard one way only.
   */
  renewSound(): void {
    this.#session.hold({}, () => this.#session.unhold());
  }

  mute(on: boolean): void {
    if (on) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
  }

  digit(digit: string): void {
    this.#session.sendDTMF(digit, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833, duration: DIGIT_MS });
  }

  transfer(number: string): void {
    this.#refer(number);
  }

  /** Connect the other party of this call with that of `other`, and leave both. */
  join(other: SipCall): void {
    this.#refer(other.#session.remote_identity.uri.toString(), other.#session);
  }

  /** Speak through another microphone from now on. */
  async speakThrough(microphone: MediaStream): Promise<void> {
    const [track] = microphone.getAudioTracks();
    const sender = this.#session.connection?.getSenders().find((one) => one.track?.kind === "audio");
    if (!track || !sender) return;
    track.enabled = !this.isMuted && !this.isHeld;
    await sender.replaceTrack(track);
  }

  #isCut = false;

  #transferred: (done: boolean) => void = () => undefined;

  #refer(target: string, replaces?: RTCSession): void {
    this.#session.refer(target, {
      replaces,
      eventHandlers: {
        accepted: () => {
          this.#transferred(true);
          this.hangup();
        },
        failed: () => this.#transferred(false),
        requestFailed: () => this.#transferred(false),
      },
    });
  }
}

/**
 * Send the offer soon after the first candidate. Waiting for the end of gathering costs 110 to 130 ms a call,
 * and without a STUN server the host candidates arrive together.
 */
function endGatheringEarly(session: RTCSession): void {
  let isSet = false;
  session.on("icecandidate", ({ ready }) => {
    if (isSet) return;
    isSet = true;
    setTimeout(ready, ICE_SETTLE_MS);
  });
}

const LOST: ReadonlySet<string> = new Set([
  JsSIP.C.causes.DIALOG_ERROR,
  JsSIP.C.causes.REQUEST_TIMEOUT,
  JsSIP.C.causes.CONNECTION_ERROR,
  JsSIP.C.causes.RTP_TIMEOUT,
]);

function localReason(cause: string): EndReason {
  if (cause === JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS) return "microphone";
  if (cause === JsSIP.C.causes.CANCELED || cause === JsSIP.C.causes.REJECTED) return "ended";
  if (cause === JsSIP.C.causes.NO_ANSWER || cause === JsSIP.C.causes.EXPIRES) return "noAnswer";
  return "failed";
}

function reasonOf(status: number): EndReason {
  if (status === 0 || status === 487) return "ended";
  if (status === 486 || status === 600) return "busy";
  if (status === 403 || status === 603) return "rejected";
  if (status === 408) return "noAnswer";
  if (status === 404 || status === 410 || status === 480 || status === 484) return "unreachable";
  return status === 481 ? "gone" : "failed";
}
