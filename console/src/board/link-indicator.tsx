/** The small lamp in the top bar: is what I see live? */
import { useTranslation } from "react-i18next";
import { useLinkState, useWholeBoard } from "./context";
import styles from "./link-indicator.module.css";

export function LinkIndicator() {
  const { t } = useTranslation("board");
  const link = useLinkState();
  const { engine } = useWholeBoard();
  const isDown = link === "live" && !engine.up;
  return (
    <span className={styles.indicator} data-state={isDown ? "down" : link} data-testid="link-state">
      <span className={styles.dot} aria-hidden />
      {isDown ? t("engine.down") : t(`link.${link}`)}
    </span>
  );
}
