/** The phone as plain values: what tabs tell one another, and what the screen shows. */

export type Registration = "off" | "connecting" | "registered" | "failed";

export type CallState = "dialling" | "ringing" | "talking" | "restoring";

/** A SIP dialog by name: enough for `Replaces` (RFC 3891) to bring a call back after a reload. */
export interface DialogId {
  callId: string;
  localTag: string;
  remoteTag: string;
}

export interface PhoneCall {
  id: string;
  direction: "in" | "out";
  state: CallState;
  number: string;
  name: string;
  startedMs: number;
  answeredMs: number;
  isMuted: boolean;
  isHeld: boolean;
  /** The other side put us on hold. */
  isWaiting: boolean;
  dialog: DialogId | null;
}

/** Something to say to the person, by its key in the catalogue `phone.notice`. */
export interface PhoneNotice {
  key:
    | "microphone"
    | "noAnswer"
    | "busy"
    | "rejected"
    | "unreachable"
    | "failed"
    | "lost"
    | "notRestored"
    | "transferred"
    | "notTransferred";
  number: string;
  atMs: number;
}

export interface PhoneState {
  extension: string;
  displayName: string;
  registration: Registration;
  problem: string;
  calls: PhoneCall[];
  notice: PhoneNotice | null;
}

export const NO_PHONE: PhoneState = {
  extension: "",
  displayName: "",
  registration: "off",
  problem: "",
  calls: [],
  notice: null,
};

export type Command =
  | { do: "choose"; extension: string }
  | { do: "leave" }
  | { do: "retry" }
  | { do: "call"; number: string }
  | { do: "answer"; id: string }
  | { do: "hangup"; id: string }
  | { do: "hold"; id: string; on: boolean }
  | { do: "mute"; id: string; on: boolean }
  | { do: "digit"; id: string; digit: string }
  | { do: "transfer"; id: string; number: string }
  | { do: "join"; id: string; otherId: string }
  | { do: "forgetNotice" };

/** Keep what can be dialled: digits, * and #, a leading +. Spaces, brackets and dashes are how people write numbers. */
export function dialable(text: string): string {
  const plain = text.replace(/[\s().\-/]/g, "");
  return /^\+?[0-9*#]+$/.test(plain) ? plain : "";
}

/** The calls that could be brought back by another page. */
export function restorable(calls: readonly PhoneCall[]): PhoneCall[] {
  return calls.filter((call) => call.dialog !== null && call.state === "talking");
}
