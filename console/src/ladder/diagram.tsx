/** The sequence diagram. Every entry is a button; the table beside it says the same in words. */
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Ladder, LadderRow } from "../api/types";
import styles from "./diagram.module.css";
import { COLUMN, clipped, HEAD, type Layout, layOut, type PlacedRow, seconds, toneOf } from "./layout";

interface DiagramProps {
  ladder: Ladder;
  isShown: (row: LadderRow) => boolean;
  selected: number | null;
  onSelect: (index: number) => void;
}

export function Diagram({ ladder, isShown, selected, onSelect }: DiagramProps) {
  const { t } = useTranslation("ladder");
  const layout = layOut(ladder, isShown);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className={styles.scroll} aria-label={t("diagram")} tabIndex={0} dir="ltr" data-testid="ladder-diagram">
      {/* biome-ignore lint/a11y/useSemanticElements: a picture whose parts are buttons is a group, and no fieldset */}
      <svg width={layout.width} height={layout.height} role="group" aria-label={t("title")}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M0 0 8 4 0 8z" fill="context-stroke" />
          </marker>
        </defs>
        <Columns layout={layout} />
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

function Columns({ layout }: { layout: Layout }) {
  const { t } = useTranslation("ladder");
  return layout.columns.map(({ id, label, kind, x }) => (
    <g key={id} className={styles.column}>
      <line x1={x} x2={x} y1={HEAD - 6} y2={layout.height} />
      <rect x={x - COLUMN / 2 + 12} y={8} width={COLUMN - 24} height={40} rx={8} />
      <text x={x} y={25} className={styles.label}>
        {clipped(label, 22)}
      </text>
      <text x={x} y={40} className={styles.kind}>
        {label === id ? t(`participant.${kind as "phone"}`, { defaultValue: kind }) : clipped(id, 24)}
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
  const label =
    x1 === x2
      ? t("mark", { time, kind: t(`kindOne.${row.kind}`), text: row.text })
      : t("arrow", { time, from: nameOf(row.from), to: nameOf(row.to), text: row.text });
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
      </text>
      {x1 === x2 ? <Mark placed={placed} layout={layout} /> : <Arrow placed={placed} />}
    </g>
  );
}

function Arrow({ placed: { row, y, x1, x2 } }: { placed: PlacedRow }) {
  const inset = x2 > x1 ? 3 : -3;
  const room = Math.floor(Math.abs(x2 - x1) / 7.2);
  return (
    <>
      <line x1={x1} x2={x2 - inset} y1={y + 6} y2={y + 6} className={styles.arrow} markerEnd="url(#arrow)" />
      <text x={(x1 + x2) / 2} y={y - 3} className={styles.message}>
        {clipped(row.text, room)}
      </text>
    </>
  );
}

/** Something that happened at one participant: a step of the script as a box, an event as a diamond. */
function Mark({ placed: { row, y, x1 }, layout }: { placed: PlacedRow; layout: Layout }) {
  const isStep = row.kind === "step";
  const room = layout.width - x1 - 24;
  const isLast = room < COLUMN;
  const text = clipped(row.text, Math.floor(Math.max(room, x1 - 100) / 7));
  return (
    <>
      {isStep ? (
        <rect x={x1 - 6} y={y - 8} width={12} height={16} rx={3} className={styles.step} />
      ) : (
        <path d={`M${x1} ${y - 7} l7 7 -7 7 -7 -7z`} className={styles.event} />
      )}
      <text x={isLast ? x1 - 14 : x1 + 14} y={y + 4} className={isLast ? styles.noteEnd : styles.note}>
        {text}
      </text>
    </>
  );
}
