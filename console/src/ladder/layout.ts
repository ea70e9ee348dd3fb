/** Where everything of a ladder stands: rows in their order, with long pauses drawn as pauses. Pure. */
import type { Ladder, LadderRow } from "../api/types";

export const GUTTER = 76;
/** The least width of a column; on wide screens columns share the room. */
export const COLUMN = 160;
const WIDEST = 320;
/** The height of the column heads, which stay in sight while the rest scrolls. */
export const HEAD = 56;
export const ROW = 36;
export const GAP = 26;
const LONG_MS = 1_000;
const EDGE = 24;

export interface PlacedRow {
  row: LadderRow;
  index: number;
  y: number;
  x1: number;
  x2: number;
  sinceStartMs: number;
}

export interface Pause {
  y: number;
  lengthMs: number;
}

export interface Layout {
  width: number;
  columnWidth: number;
  height: number;
  columns: { id: string; label: string; kind: string; x: number }[];
  rows: PlacedRow[];
  pauses: Pause[];
}

export function layOut(ladder: Ladder, isShown: (row: LadderRow) => boolean, room: number): Layout {
  const count = Math.max(1, ladder.participants.length);
  const columnWidth = Math.min(WIDEST, Math.max(COLUMN, Math.floor((room - GUTTER) / count)));
  const columns = ladder.participants.map((one, index) => ({ ...one, x: GUTTER + columnWidth * (index + 0.5) }));
  const xOf = new Map(columns.map((column) => [column.id, column.x]));
  const rows: PlacedRow[] = [];
  const pauses: Pause[] = [];
  let y = ROW;
  let before: number | null = null;
  ladder.rows.forEach((row, index) => {
    if (!isShown(row)) return;
    if (before !== null && row.at_ms - before >= LONG_MS) {
      pauses.push({ y: y - ROW / 2 + GAP / 2, lengthMs: row.at_ms - before });
      y += GAP;
    }
    const x1 = xOf.get(row.from) ?? GUTTER;
    rows.push({ row, index, y, x1, x2: xOf.get(row.to) ?? x1, sinceStartMs: row.at_ms - ladder.started_ms });
    before = row.at_ms;
    y += ROW;
  });
  return { width: GUTTER + columnWidth * count, columnWidth, height: y + EDGE - ROW / 2, columns, rows, pauses };
}

export type Tone = "request" | "good" | "progress" | "bad" | "step" | "event";

/** How a row is coloured: requests, answers by their class, steps, events. */
export function toneOf({ kind, text }: LadderRow): Tone {
  if (kind !== "sip") return kind;
  const status = Number(/^\d{3}/.exec(text)?.[0] ?? 0);
  if (status === 0) return "request";
  // A challenge is the usual way to a registration or a call, and no failure.
  if (status < 200 || status === 401 || status === 407) return "progress";
  return status < 300 ? "good" : "bad";
}

/** Seconds since the start, to the millisecond: what separates two messages is often only that. */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

/** Cut a label to what fits; the whole is in the detail and the table. */
export function clipped(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
