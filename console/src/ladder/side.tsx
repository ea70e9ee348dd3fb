/** Beside the ladder: why the call went as it did, or the entry that was selected, down to the raw message. */
import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Ladder, LadderRow } from "../api/types";
import { IconButton } from "../ui/button";
import { Card, Facts } from "../ui/page";
import { seconds } from "./layout";
import styles from "./side.module.css";

interface SideProps {
  ladder: Ladder;
  selected: number | null;
  onSelect: (index: number | null) => void;
}

export function Side({ ladder, selected, onSelect }: SideProps) {
  const row = selected === null ? undefined : ladder.rows[selected];
  if (row) return <Entry row={row} startedMs={ladder.started_ms} onClose={() => onSelect(null)} />;
  return <Decisions ladder={ladder} onSelect={onSelect} />;
}

function Decisions({ ladder, onSelect }: Omit<SideProps, "selected">) {
  const { t } = useTranslation("ladder");
  const steps = ladder.rows.map((row, index) => ({ row, index })).filter(({ row }) => row.kind === "step");
  return (
    <Card title={t("decisions.title")}>
      {steps.length === 0 && <p className={styles.none}>{t("decisions.none")}</p>}
      <ol className={styles.steps} data-testid="decisions">
        {steps.map(({ row, index }) => (
          <li key={index}>
            <button type="button" className={styles.step} onClick={() => onSelect(index)}>
              <span className={styles.what}>
                {row.text}
                <span className={styles.time}>{seconds(row.at_ms - ladder.started_ms)} s</span>
              </span>
              {row.rule && <span className={styles.rule}>{row.rule}</span>}
            </button>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Entry({ row, startedMs, onClose }: { row: LadderRow; startedMs: number; onClose: () => void }) {
  const { t } = useTranslation("ladder");
  const facts = [
    { term: t("column.time"), value: `${seconds(row.at_ms - startedMs)} s` },
    { term: t("column.kind"), value: t(`kindOne.${row.kind}`) },
    { term: t("column.what"), value: [row.text, row.detail].filter(Boolean).join(" · ") },
  ];
  if (row.rule) facts.push({ term: t("detail.rule"), value: row.rule });
  return (
    <Card
      title={t("detail.title")}
      actions={
        <IconButton size="sm" label={t("detail.close")} onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      }
    >
      <div data-testid="ladder-detail">
        <Facts facts={facts} />
        {row.raw && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          <section className={styles.raw} aria-label={t("detail.raw")} tabIndex={0} dir="ltr">
            <pre>{row.raw}</pre>
          </section>
        )}
      </div>
    </Card>
  );
}
