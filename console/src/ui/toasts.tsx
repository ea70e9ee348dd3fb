/** Short messages in the corner, each with at most one action (such as Undo). */
import { X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./button";
import { Notice, type Tone } from "./states";
import styles from "./toasts.module.css";

interface Toast {
  id: number;
  tone: Tone;
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6_000;
const WITH_ACTION_MS = 15_000;
const MOST = 4;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function toast(text: string, tone: Tone = "good", action?: Toast["action"]): void {
  lastId += 1;
  change([...toasts, { id: lastId, tone, text, action }].slice(-MOST));
}

function dismiss(id: number): void {
  change(toasts.filter((one) => one.id !== id));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <section
      className={styles.region}
      aria-label={t("notifications")}
      aria-live="polite"
      data-testid="toasts"
      data-react-aria-top-layer="true"
    >
      {shown.map((one) => (
        <OneToast key={one.id} toast={one} />
      ))}
    </section>
  );
}

function OneToast({ toast: { id, tone, text, action } }: { toast: Toast }) {
  const { t } = useTranslation();
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), action ? WITH_ACTION_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, action]);
  return (
    <div className={styles.toast}>
      <Notice
        tone={tone}
        action={
          <span className={styles.actions}>
            {action && (
              <Button
                size="sm"
                onPress={() => {
                  action.run();
                  dismiss(id);
                }}
              >
                {action.label}
              </Button>
            )}
            <IconButton size="sm" label={t("dismiss")} onPress={() => dismiss(id)}>
              <X aria-hidden />
            </IconButton>
          </span>
        }
      >
        {text}
      </Notice>
    </div>
  );
}
