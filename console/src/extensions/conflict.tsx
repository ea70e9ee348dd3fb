/** Shows what two people changed in the same fields, and lets one choose. */
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Notice } from "../ui/states";
import table from "../ui/table.module.css";
import styles from "./conflict.module.css";
import type { Clash } from "./fields";

interface ConflictProps {
  clashes: readonly Clash[];
  onTakeTheirs: () => void;
  onKeepMine: () => void;
}

export function Conflict({ clashes, onTakeTheirs, onKeepMine }: ConflictProps) {
  const { t } = useTranslation("extensions");
  return (
    <div className={styles.conflict} data-testid="conflict">
      <Notice tone="warn" role="alert" title={t("conflict.title")}>
        {clashes.length > 0 ? t("conflict.text") : t("conflict.same")}
      </Notice>
      {clashes.length > 0 && (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">{t("conflict.field")}</th>
              <th scope="col">{t("conflict.theirs")}</th>
              <th scope="col">{t("conflict.mine")}</th>
            </tr>
          </thead>
          <tbody>
            {clashes.map(({ field, theirs, mine }) => (
              <tr key={field}>
                <th scope="row">{t(`field.${field}`)}</th>
                <td>{shown(theirs)}</td>
                <td>{shown(mine)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className={styles.actions}>
        {clashes.length > 0 && <Button onPress={onTakeTheirs}>{t("conflict.takeTheirs")}</Button>}
        <Button variant="primary" onPress={onKeepMine}>
          {t("conflict.keepMine")}
        </Button>
      </div>
    </div>
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  return value === "" ? "–" : String(value);
}
