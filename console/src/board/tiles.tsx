/** The grid of tiles: one tab stop, arrow keys between tiles, groups with headings. */
import { type KeyboardEvent, memo, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCalmVersion, useWholeBoard } from "./context";
import type { LineState } from "./model";
import { countStates, type Filter, type Group, keepIfSame, select } from "./selection";
import { Tile } from "./tile";
import styles from "./tiles.module.css";

interface TilesProps {
  filter: Filter;
  onOpen: (key: string, anchor: HTMLElement) => void;
}

/** Tiles that change their group move no more often than a person can follow. */
const REORDER_MS = 600;

export function useGroups(filter: Filter): { groups: Group[]; counts: Record<LineState, number>; total: number } {
  const store = useWholeBoard();
  const version = useCalmVersion(filter.grouped || filter.state !== "all" ? REORDER_MS : 0);
  const kept = useRef<Group[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the lines, which change in place
  const groups = useMemo(
    () => keepIfSame(kept.current, select(store.lines.values(), filter)),
    [version, filter, store],
  );
  kept.current = groups;
  return { groups, counts: countStates(store.lines.values()), total: store.lines.size };
}

export const Tiles = memo(function Tiles({ groups, onOpen }: { groups: Group[]; onOpen: TilesProps["onOpen"] }) {
  const { t } = useTranslation("board");
  const [stop, setStop] = useState("");
  const first = groups[0]?.keys[0] ?? "";
  const current = groups.some((group) => group.keys.includes(stop)) ? stop : first;
  const open = useCallback(
    (key: string, anchor: HTMLElement) => {
      setStop(key);
      onOpen(key, anchor);
    },
    [onOpen],
  );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move between the buttons inside
    <div className={styles.groups} onKeyDown={(event) => moveFocus(event, setStop)} data-testid="tiles">
      {groups.map((group) => (
        <section key={group.state}>
          {group.state !== "all" && (
            <h2 className={styles.heading}>
              {t(`state.${group.state}`)} <span className={styles.count}>{group.keys.length}</span>
            </h2>
          )}
          <ul className={styles.grid}>
            {group.keys.map((key) => (
              <Tile key={key} id={key} isTabStop={key === current} onOpen={open} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
});

const STEPS: Record<string, "previous" | "next" | "up" | "down" | "first" | "last"> = {
  ArrowLeft: "previous",
  ArrowRight: "next",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};

function moveFocus(event: KeyboardEvent<HTMLElement>, setStop: (key: string) => void): void {
  const step = STEPS[event.key];
  const from = document.activeElement;
  if (!step || !(from instanceof HTMLElement) || !from.dataset.key) return;
  const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-key]")];
  const target = destination(tiles, tiles.indexOf(from), step, document.dir === "rtl");
  if (!target?.dataset.key) return;
  event.preventDefault();
  setStop(target.dataset.key);
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

function destination(
  tiles: HTMLElement[],
  at: number,
  step: (typeof STEPS)[string],
  isRtl: boolean,
): HTMLElement | undefined {
  if (step === "first") return tiles[0];
  if (step === "last") return tiles.at(-1);
  if (step === "up" || step === "down") return vertical(tiles, at, step);
  return tiles[at + ((step === "next") !== isRtl ? 1 : -1)];
}

/** The nearest tile of the next row, which may belong to another group. */
function vertical(tiles: HTMLElement[], at: number, step: "up" | "down"): HTMLElement | undefined {
  const here = tiles[at]?.getBoundingClientRect();
  if (!here) return undefined;
  const way = step === "down" ? 1 : -1;
  let best: HTMLElement | undefined;
  let bestRow: number | undefined;
  let bestOff = Number.POSITIVE_INFINITY;
  for (let index = at + way; index >= 0 && index < tiles.length; index += way) {
    const tile = tiles[index];
    const box = tile?.getBoundingClientRect();
    if (!box || Math.abs(box.top - here.top) < 1) continue;
    if (bestRow !== undefined && Math.abs(box.top - bestRow) > 1) break;
    bestRow = box.top;
    const off = Math.abs(box.left - here.left);
    if (off < bestOff) [best, bestOff] = [tile, off];
  }
  return best;
}
