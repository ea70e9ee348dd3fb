/** The frame of a screen: its title, what it says below it, and its actions. */
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import styles from "./page.module.css";

interface PageProps {
  title: string;
  summary?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  fill?: boolean;
}

export function Page({ title, summary, actions, children, fill }: PageProps) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t("product")}`;
  }, [title, t]);
  return (
    <div className={`${styles.page} ${fill ? styles.fill : ""}`}>
      <header className={styles.header}>
        <div className={styles.titles}>
          <h1 className={styles.title}>{title}</h1>
          {summary && <div className={styles.summary}>{summary}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Card({ title, children, actions }: { title?: ReactNode; children: ReactNode; actions?: ReactNode }) {
  return (
    <section className={styles.card}>
      {title && (
        <header className={styles.cardHeader}>
          <h2 className={styles.cardTitle}>{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

export interface Fact {
  term: string;
  value: ReactNode;
}

/** A list of terms and values, aligned. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(({ term, value }) => (
        <div key={term} className={styles.fact}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
