/** The values of the board's WebSocket, as `signalbox/live/model.py` defines them. */

export type LineState = "offline" | "idle" | "ringing" | "calling" | "in_call" | "on_hold";

/** In the order in which an operator wants to see them. */
export const LINE_STATES: readonly LineState[] = ["ringing", "calling", "in_call", "on_hold", "idle", "offline"];

export interface Line {
  tenant: number;
  extension: string;
  name: string;
  state: LineState;
  contacts: number;
  since_ms: number;
  call_id: string;
  peers: string[];
}

export interface Leg {
  channel_id: string;
  extension: string;
  number: string;
  name: string;
  state: "calling" | "ringing" | "up" | "held";
  since_ms: number;
}

export interface CallView {
  call_id: string;
  tenant: number;
  started_ms: number;
  answered_ms: number;
  dialled: string;
  legs: Leg[];
}

export interface EngineView {
  up: boolean;
  version: string;
  published: number;
  problem: string;
}

export interface Snapshot {
  type: "snapshot";
  epoch: string;
  seq: number;
  at_ms: number;
  engine: EngineView;
  lines: Line[];
  calls: CallView[];
}

/** Whole new values and the keys of what is gone; a member that changed nothing is left out. */
export interface Delta {
  type: "delta";
  epoch: string;
  seq: number;
  at_ms: number;
  lines?: Line[];
  lines_gone?: string[];
  calls?: CallView[];
  calls_gone?: string[];
  engine?: EngineView | null;
}

export type Frame = Snapshot | Delta | { type: "beat"; at_ms: number };

export function lineKey(line: Pick<Line, "tenant" | "extension">): string {
  return `${line.tenant}/${line.extension}`;
}

/** How long a state lasts matters only where somebody is waiting or talking. */
export function isBusy(state: LineState): boolean {
  return state !== "offline" && state !== "idle";
}
