/** What a screen says when it has nothing, cannot reach something, or is still waiting. */
import { CircleAlert, CircleCheck, CloudOff, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, OfflineError } from "../api/problem";
import { Button } from "./button";
import styles from "./states.module.css";

interface EmptyProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className={styles.empty}>
      {icon && (
        <div className={styles.emptyIcon} aria-hidden>
          {icon}
        </div>
      )}
      <h2 className={styles.emptyTitle}>{title}</h2>
      {children && <p className={styles.emptyText}>{children}</p>}
      {action && <div className={styles.emptyAction}>{action}</div>}
    </div>
  );
}

/** A failed load: what happened in the server's words, and a way to go on. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="alert">
      <Empty
        icon={error instanceof OfflineError ? <CloudOff /> : <CircleAlert />}
        title={titleOf(error, t)}
        action={onRetry && <Button onPress={onRetry}>{t("tryAgain")}</Button>}
      >
        {messageOf(error, t)}
      </Empty>
    </div>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function titleOf(error: unknown, t: Translate): string {
  if (error instanceof OfflineError) return t("error.offlineTitle");
  if (error instanceof ApiError && error.status === 404) return t("error.notFoundTitle");
  if (error instanceof ApiError && error.status === 503) return t("error.unavailableTitle");
  return t("error.title");
}

/** One or two sentences for a person, with the request id when the fault is the server's. */
export function messageOf(error: unknown, t: Translate): string {
  if (error instanceof OfflineError) return t("error.offline");
  if (!(error instanceof ApiError)) return t("error.unknown");
  if (error.status >= 500 && error.requestId) {
    return t("error.server", { detail: error.message, id: error.requestId });
  }
  return error.message;
}

export type Tone = "info" | "good" | "warn" | "bad";

const ICONS = { info: Info, good: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

interface NoticeProps {
  tone: Tone;
  title?: string;
  children?: ReactNode;
  action?: ReactNode;
  role?: "alert" | "status";
  "data-testid"?: string;
}

export function Notice({ tone, title, children, action, ...rest }: NoticeProps) {
  const Icon = ICONS[tone];
  return (
    <div {...rest} className={`${styles.notice} ${styles[tone]}`}>
      <Icon aria-hidden className={styles.noticeIcon} />
      <div className={styles.noticeText}>
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
      </div>
      {action}
    </div>
  );
}

/** Grey bars in the shape of what is coming. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">{t("loading")}</span>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike
        <div key={index} className={styles.bar} aria-hidden />
      ))}
    </div>
  );
}

export function Badge({ tone = "info", children }: { tone?: Tone | "plain"; children: ReactNode }) {
  return <span className={`${styles.badge} ${styles[tone]}`}>{children}</span>;
}
