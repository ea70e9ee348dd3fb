/** The four parts: running or away, what that means, and the few figures that matter. */
import { useTranslation } from "react-i18next";
import type { SystemStatus } from "../api/types";
import { Card } from "../ui/page";
import { Badge, Notice } from "../ui/states";
import styles from "./screen.module.css";

type PartName = "engine" | "exchange" | "worker" | "store";

interface Figure {
  term: string;
  value: string | number;
}

export function Parts({ status }: { status: SystemStatus }) {
  const { t } = useTranslation("system");
  const { engine, exchange, worker, store } = status;
  const isBehind = exchange.published < store.version;
  const inForce = t(isBehind ? "fact.behind" : "fact.publishedOf", {
    published: exchange.published,
    version: store.version,
  });
  return (
    <section className={styles.parts} aria-label={t("parts")}>
      <Part
        name="engine"
        isUp={engine.up}
        problem={engine.problem}
        figures={[{ term: t("fact.version"), value: engine.version.split("+")[0] || "–" }]}
      />
      <Part
        name="exchange"
        isUp={exchange.up}
        figures={[
          { term: t("fact.ami"), value: exchange.ami || "–" },
          { term: t("fact.calls"), value: exchange.calls },
          { term: t("fact.published"), value: inForce },
        ]}
      />
      <Part
        name="worker"
        isUp={worker.up}
        figures={[
          { term: t("fact.openCalls"), value: worker.open_calls },
          { term: t("fact.imported"), value: worker.imported },
          { term: t("fact.disk"), value: worker.disk_short ? t("fact.diskShort") : t("fact.diskFine") },
        ]}
      />
      <Part
        name="store"
        isUp={store.up}
        problem={store.problem}
        figures={[
          { term: t("fact.kind"), value: store.kind },
          { term: t("fact.newest"), value: store.version },
        ]}
      />
    </section>
  );
}

interface PartProps {
  name: PartName;
  isUp: boolean;
  problem?: string;
  figures: readonly Figure[];
}

function Part({ name, isUp, problem, figures }: PartProps) {
  const { t } = useTranslation("system");
  return (
    <Card>
      <div className={styles.part} data-testid={`part-${name}`}>
        <header className={styles.head}>
          <div>
            <h2 className={styles.name}>{t(`part.${name}`)}</h2>
            <p className={styles.what}>{t(`what.${name}`)}</p>
          </div>
          <Badge tone={isUp ? "good" : "bad"}>{isUp ? t("up") : t("down")}</Badge>
        </header>
        {!isUp && (
          <Notice tone="bad" title={problem || undefined}>
            {t(`consequence.${name}`)}
          </Notice>
        )}
        {isUp && (
          <dl className={styles.facts}>
            {figures.map(({ term, value }) => (
              <FigureRow key={term} term={term} value={value} />
            ))}
          </dl>
        )}
      </div>
    </Card>
  );
}

function FigureRow({ term, value }: Figure) {
  return (
    <>
      <dt>{term}</dt>
      <dd className="numeric">{value}</dd>
    </>
  );
}
