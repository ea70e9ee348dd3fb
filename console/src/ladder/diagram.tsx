/** The sequence diagram. Every entry is a button; the table beside it says the same in words. */
import { type KeyboardEvent, useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Ladder, LadderRow } from "../api/types";
import styles from "./diagram.module.css";
import { COLUMN, clipped, HEAD, type Layout, layOut, type PlacedRow, seconds, toneOf } from "./layout";

const HEAD_WIDTH = COLUMN - 24;

interface DiagramProps {
  ladder: Ladder;
  isShown: (row: LadderRow) => boolean;
  selected: number | null;
  onSelect: (index: number) => void;
}

export function Diagram({ ladder, isShown, selected, onSelect }: DiagramProps) {
  const { t } = useTranslation("ladder");
  const { ref, width } = useWidth();
  const layout = layOut(ladder, isShown, width);
  return (
    <section
      ref={ref}
      className={styles.scroll}
      aria-label={t("diagram")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      dir="ltr"
      data-testid="ladder-diagram"
    >
      <svg width={layout.width} height={HEAD} className={styles.head} aria-hidden>
        <Heads layout={layout} />
      </svg>
      {/* biome-ignore lint/a11y/useSemanticElements: a picture whose parts are buttons is a group, and no fieldset */}
      <svg width={layout.width} height={layout.height} role="group" aria-label={t("title")}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M0 0 8 4 0 8z" fill="context-stroke" />
          </marker>
        </defs>
        {layout.columns.map(({ id, x }) => (
          <line key={id} className={styles.lifeline} x1={x} x2={x} y1={0} y2={layout.height} />
        ))}
        {layout.pauses.map(({ y, lengthMs }) => (
          <g key={y} className={styles.pause}>
            <line x1={0} x2={layout.width} y1={y} y2={y} />
            <text x={layout.width / 2} y={y + 4}>
              {t("gap", { length: (lengthMs / 1_000).toFixed(1) })}
            </text>
          </g>
        ))}
        {layout.rows.map((placed) => (
          <Entry
            key={placed.index}
            placed={placed}
            layout={layout}
            isSelected={placed.index === selected}
            onSelect={onSelect}
          />
        ))}
      </svg>
    </section>
  );
}

/** The room that the page gives, followed as it changes. */
function useWidth(): { ref: (element: HTMLElement | null) => () => void; width: number } {
  const [width, setWidth] = useState(0);
  const ref = useCallback((element: HTMLElement | null) => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    if (element) observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

function Heads({ layout }: { layout: Layout }) {
  const { t } = useTranslation("ladder");
  return layout.columns.map(({ id, label, kind, x }) => (
    <g key={id} className={styles.column}>
      <rect x={x - HEAD_WIDTH / 2} y={8} width={HEAD_WIDTH} height={40} rx={8} />
      <text x={x} y={25} className={styles.label}>
        {clipped(label, 22)}
      </text>
      <text x={x} y={40} className={styles.kind}>
        {kind === "phone" && label !== id
          ? clipped(id, 24)
          : t(`participant.${kind as "phone"}`, { defaultValue: kind })}
      </text>
    </g>
  ));
}

interface EntryProps {
  placed: PlacedRow;
  layout: Layout;
  isSelected: boolean;
  onSelect: (index: number) => void;
}

function Entry({ placed, layout, isSelected, onSelect }: EntryProps) {
  const { t } = useTranslation("ladder");
  const { row, index, y, x1, x2, sinceStartMs } = placed;
  const nameOf = (id: string) => layout.columns.find((column) => column.id === id)?.label ?? id;
  const time = seconds(sinceStartMs);
  const isMark = x1 === x2;
  const text = isMark ? noteOf(placed, layout) : clipped(row.text, Math.floor(Math.abs(x2 - x1) / 7.2));
  // The visible words come first and unbroken, so that who says what he sees is understood (WCAG 2.5.3).
  const label = isMark
    ? t("mark", { time, kind: t(`kindOne.${row.kind}`), text })
    : t("arrow", { time, from: nameOf(row.from), to: nameOf(row.to), text });
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onSelect(index);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an HTML button cannot stand in an SVG
    <g
      role="button"
      tabIndex={0}
      aria-pressed={isSelected}
      aria-label={label}
      className={styles.entry}
      data-tone={toneOf(row)}
      data-testid="ladder-entry"
      onClick={() => onSelect(index)}
      onKeyDown={press}
    >
      <rect className={styles.ground} x={2} y={y - 19} width={layout.width - 4} height={34} rx={6} />
      <text x={12} y={y + 4} className={styles.time}>
        {time}
      </text>{" "}
      {isMark ? <Mark placed={placed} layout={layout} text={text} /> : <Arrow placed={placed} text={text} />}
    </g>
  );
}

function Arrow({ placed: { y, x1, x2 }, text }: { placed: PlacedRow; text: string }) {
  const inset = x2 > x1 ? 3 : -3;
  return (
    <>
      <line x1={x1} x2={x2 - inset} y1={y + 6} y2={y + 6} className={styles.arrow} markerEnd="url(#arrow)" />
      <text x={(x1 + x2) / 2} y={y - 3} className={styles.message}>
        {text}
      </text>
    </>
  );
}

/** A note stands beside its mark: after it where there is room, before it at the last participant. */
function isBefore({ x1 }: PlacedRow, layout: Layout): boolean {
  return layout.width - x1 - 24 < layout.columnWidth;
}

function noteOf(placed: PlacedRow, layout: Layout): string {
  const room = isBefore(placed, layout) ? placed.x1 - 100 : layout.width - placed.x1 - 24;
  return clipped(placed.row.text, Math.floor(room / 7));
}

interface MarkProps {
  placed: PlacedRow;
  layout: Layout;
  text: string;
}

/** Something that happened at one participant: a step of the script as a box, an event as a diamond. */
function Mark({ placed, layout, text }: MarkProps) {
  const { row, y, x1 } = placed;
  const isEnd = isBefore(placed, layout);
  return (
    <>
      {row.kind === "step" ? (
        <rect x={x1 - 6} y={y - 8} width={12} height={16} rx={3} className={styles.step} />
      ) : (
        <path d={`M${x1} ${y - 7} l7 7 -7 7 -7 -7z`} className={styles.event} />
      )}
      <text x={isEnd ? x1 - 14 : x1 + 14} y={y + 4} className={isEnd ? styles.noteEnd : styles.note}>
        {text}
      </text>
    </>
  );
}
