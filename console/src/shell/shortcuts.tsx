/** Keyboard shortcuts of every screen, and the help that lists them. Single keys never act while somebody types. */
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { Dialog } from "../ui/overlay";
import styles from "./shortcuts.module.css";

const SCREENS: Record<string, string> = {
  b: "/",
  e: "/extensions",
  r: "/call-records",
  c: "/changes",
  s: "/system",
};

const SEQUENCE_MS = 1_200;

interface Actions {
  onHelp: () => void;
  onPhone: () => void;
}

export function useShortcuts({ onHelp, onPhone }: Actions): void {
  const navigate = useNavigate();
  useEffect(() => {
    let armedAt = 0;
    const pressed = (event: KeyboardEvent) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const screen = Date.now() - armedAt < SEQUENCE_MS ? SCREENS[event.key] : undefined;
      armedAt = event.key === "g" ? Date.now() : 0;
      if (screen) navigate(screen);
      else if (event.key === "?") onHelp();
      else if (event.key === "p") onPhone();
      else if (event.key === "/") focusSearch();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [navigate, onHelp, onPhone]);
}

export function isTyping({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable || target.closest("input, textarea, select, [role=dialog], [role=alertdialog]") !== null
  );
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>("main input[type=search]")?.focus();
}

export function ShortcutsHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const then = t("shortcuts.then");
  const rows: [string, string[]][] = [
    [t("shortcuts.help"), ["?"]],
    [t("shortcuts.search"), ["/"]],
    [t("shortcuts.phone"), ["p"]],
    [t("shortcuts.answer"), ["a"]],
    [t("shortcuts.board"), ["g", then, "b"]],
    [t("shortcuts.extensions"), ["g", then, "e"]],
    [t("shortcuts.records"), ["g", then, "r"]],
    [t("shortcuts.changes"), ["g", then, "c"]],
    [t("shortcuts.system"), ["g", then, "s"]],
    [t("shortcuts.tiles"), ["←", "↑", "↓", "→"]],
    [t("shortcuts.act"), ["Enter"]],
    [t("shortcuts.close"), ["Esc"]],
  ];
  return (
    <Dialog title={t("shortcuts.title")} isOpen onClose={onClose} data-testid="shortcuts">
      <dl className={styles.list}>
        {rows.map(([what, keys]) => (
          <div key={what} className={styles.row}>
            <dt>{what}</dt>
            <dd className={styles.keys}>
              {keys.map((key) => (key === then ? <span key={key}>{key}</span> : <kbd key={key}>{key}</kbd>))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
