/**
 * The adapter of JsSIP: the only file that knows it. It turns a SIP account into calls with few verbs and few events.
 */
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { DialogId } from "./model";

export interface Account {
  uri: string;
  username: string;
  secret: string;
  displayName: string;
  url: string;
}

export type EndReason = "ended" | "busy" | "rejected" | "noAnswer" | "unreachable" | "microphone" | "gone" | "failed";

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

const ICE_SETTLE_MS = 50;
const DIGIT_MS = 120;

export class SipPhone {
  readonly #ua: JsSIP.UA;
  readonly #domain: string;

  constructor(account: Account, events: SipEvents) {
    this.#domain = account.uri.slice(account.uri.indexOf("@") + 1);
    this.#ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(account.url)],
      uri: account.uri,
      authorization_user: account.username,
      password: account.secret,
      display_name: account.displayName,
      user_agent: "Signalbox console",
      register_expires: 120,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
    });
    this.#ua.on("registered", () => events.registered());
    this.#ua.on("registrationFailed", ({ cause }) => events.unregistered(String(cause ?? "")));
    this.#ua.on("disconnected", () => events.disconnected());
    this.#ua.on("newRTCSession", (started: { originator: string; session: RTCSession }) => {
      if (started.originator === "remote") events.incoming(new SipCall(started.session));
    });
  }

  start(): void {
    this.#ua.start();
  }

  stop(): void {
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
    session.on("ended", () => events.ended("ended"));
    session.on("failed", ({ cause, originator, message }) => {
      const status = message && "status_code" in message ? message.status_code : 0;
      events.ended(originator === "local" ? localReason(cause) : reasonOf(status));
    });
    const attach = (peer: RTCPeerConnection) => {
      peer.addEventListener("track", ({ streams, track }) => heard(streams[0] ?? new MediaStream([track])));
      // The other end is gone without a BYE when Asterisk was restarted; nothing else would end the call.
      peer.addEventListener("connectionstatechange", () => peer.connectionState === "failed" && this.hangup());
    };
    if (session.connection) attach(session.connection);
    else session.on("peerconnection", ({ peerconnection }) => attach(peerconnection));
    this.#transferred = events.transferred;
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
