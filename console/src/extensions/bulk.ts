/** What a bulk would create; the same arithmetic as the server's. Pure. */

export const MOST = 1_000;

/** The numbers from `start` on, with its leading zeros; empty when they cannot be. */
export function bulkNumbers(start: string, count: number): string[] {
  if (!/^[0-9]{2,11}$/.test(start) || !Number.isInteger(count) || count < 1 || count > MOST) return [];
  const numbers = Array.from({ length: count }, (_, index) =>
    String(Number(start) + index).padStart(start.length, "0"),
  );
  return numbers.at(-1)?.length === start.length ? numbers : [];
}

/** A table that spreadsheets take, tab by tab. */
export function asTable(rows: readonly { number: string; name: string; secret: string }[]): string {
  return ["number\tname\tsecret", ...rows.map((row) => `${row.number}\t${row.name}\t${row.secret}`)].join("\n");
}
