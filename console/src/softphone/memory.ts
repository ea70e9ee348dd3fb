/** What outlives a page: which extension this browser is, and the calls that a reload interrupted. */
import type { PhoneCall } from "./model";

const EXTENSION = "signalbox.phone.extension";
const CALLS = "signalbox.phone.calls";

/** Asterisk ends a call without media after a minute; older calls are not worth a try. */
export const RESTORE_MS = 55_000;

export function chosenExtension(): string {
  return localStorage.getItem(EXTENSION) ?? "";
}

export function chooseExtension(extension: string): void {
  if (extension) localStorage.setItem(EXTENSION, extension);
  else localStorage.removeItem(EXTENSION);
}

export interface LeftCalls {
  extension: string;
  atMs: number;
  calls: PhoneCall[];
}

export function leaveCalls(left: LeftCalls): void {
  if (left.calls.length > 0) sessionStorage.setItem(CALLS, JSON.stringify(left));
  else sessionStorage.removeItem(CALLS);
}

export function takeLeftCalls(): LeftCalls | null {
  const stored = sessionStorage.getItem(CALLS);
  sessionStorage.removeItem(CALLS);
  return stored ? (JSON.parse(stored) as LeftCalls) : null;
}
