import { useTranslation } from "react-i18next";
import type { LineState } from "./model";
import styles from "./state-badge.module.css";
import { STATE_ICONS } from "./tile";

export function StateBadge({ state }: { state: LineState }) {
  const { t } = useTranslation("board");
  const Icon = STATE_ICONS[state];
  return (
    <span className={styles.badge} data-state={state}>
      <Icon aria-hidden />
      {t(`state.${state}`)}
    </span>
  );
}
