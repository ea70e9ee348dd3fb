/** Times for people: running durations, lengths, dates. */
import { useSyncExternalStore } from "react";
import i18n from "../i18n";

const SECOND = 1_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, SECOND);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time of day, told once a second to all who ask by one timer. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** `m:ss`, or `h:mm:ss` from one hour on. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Time since an instant of the server's clock; `skewMs` is how far that clock is ahead of ours. */
export function Running({ sinceMs, skewMs = 0 }: { sinceMs: number; skewMs?: number }) {
  const current = useNow();
  return <span className="numeric">{clock((current + skewMs - sinceMs) / SECOND)}</span>;
}

function formatted(options: Intl.DateTimeFormatOptions): (at: string | number) => string {
  return (at) => new Intl.DateTimeFormat(locale(), options).format(new Date(at));
}

/** The browser's own kind of our language, so that British people read British dates. */
function locale(): string {
  return navigator.languages.find((one) => one.split("-")[0] === i18n.language) ?? i18n.language;
}

export const dateTime = formatted({ dateStyle: "medium", timeStyle: "medium" });
export const timeOfDay = formatted({ timeStyle: "medium" });
/** Short enough for a column; the year stands in the detail. */
export const rowTime = formatted({
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
export const dayAndTime = formatted({
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
