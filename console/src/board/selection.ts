/** Which tiles are shown, in which groups and order: pure functions over the board. */
import { LINE_STATES, type Line, type LineState, lineKey } from "./model";

export interface Filter {
  text: string;
  state: LineState | "all";
  grouped: boolean;
}

export interface Group {
  state: LineState | "all";
  keys: string[];
}

export function countStates(lines: Iterable<Line>): Record<LineState, number> {
  const counts = { offline: 0, idle: 0, ringing: 0, calling: 0, in_call: 0, on_hold: 0 };
  for (const line of lines) counts[line.state] += 1;
  return counts;
}

export function select(lines: Iterable<Line>, filter: Filter): Group[] {
  const text = filter.text.trim().toLocaleLowerCase();
  const shown = [...lines].filter((line) => matches(line, text, filter.state)).sort(byNumber);
  if (!filter.grouped) return shown.length ? [{ state: "all", keys: shown.map(lineKey) }] : [];
  return LINE_STATES.map((state) => ({
    state,
    keys: shown.filter((line) => line.state === state).map(lineKey),
  })).filter((group) => group.keys.length > 0);
}

function matches(line: Line, text: string, state: Filter["state"]): boolean {
  if (state !== "all" && line.state !== state) return false;
  return !text || line.extension.startsWith(text) || line.name.toLocaleLowerCase().includes(text);
}

/** 99 before 100: shorter numbers first, then by digits. */
function byNumber(a: Line, b: Line): number {
  return a.tenant - b.tenant || a.extension.length - b.extension.length || (a.extension < b.extension ? -1 : 1);
}

/** Keep the old value where nothing differs, so that memoised lists do not render again. */
export function keepIfSame(before: Group[], after: Group[]): Group[] {
  const same =
    before.length === after.length &&
    after.every((group, index) => {
      const other = before[index];
      return (
        other?.state === group.state &&
        other.keys.length === group.keys.length &&
        group.keys.every((key, at) => key === other.keys[at])
      );
    });
  return same ? before : after;
}
