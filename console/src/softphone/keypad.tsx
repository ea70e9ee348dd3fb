/** The twelve keys. */
import { useTranslation } from "react-i18next";
import styles from "./keypad.module.css";

const KEYS: readonly [string, string][] = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", ""],
  ["0", "+"],
  ["#", ""],
];

export function Keypad({ onKey }: { onKey: (key: string) => void }) {
  const { t } = useTranslation("phone");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields; these keys act at once
    <div className={styles.keypad} role="group" aria-label={t("keypad")} dir="ltr">
      {KEYS.map(([key, letters]) => (
        <button key={key} type="button" className={styles.key} data-testid={`key-${key}`} onClick={() => onKey(key)}>
          <span className={styles.digit}>{key}</span>
          <span className={styles.letters}>{letters}</span>
        </button>
      ))}
    </div>
  );
}
