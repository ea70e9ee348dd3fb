/** The ladder in words, for who cannot or would rather not read a picture. */
import { useTranslation } from "react-i18next";
import type { Ladder, LadderRow } from "../api/types";
import table from "../ui/table.module.css";
import { seconds } from "./layout";

interface RowTableProps {
  ladder: Ladder;
  isShown: (row: LadderRow) => boolean;
  onSelect: (index: number) => void;
}

export function RowTable({ ladder, isShown, onSelect }: RowTableProps) {
  const { t } = useTranslation("ladder");
  const nameOf = (id: string) => ladder.participants.find((one) => one.id === id)?.label ?? id;
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="ladder-table">
        <thead>
          <tr>
            <th scope="col">{t("column.time")}</th>
            <th scope="col">{t("column.what")}</th>
            <th scope="col">{t("column.from")}</th>
            <th scope="col">{t("column.to")}</th>
            <th scope="col">{t("column.rule")}</th>
            <th scope="col" className={table.optional}>
              {t("column.kind")}
            </th>
          </tr>
        </thead>
        <tbody>
          {ladder.rows.map((row, index) =>
            isShown(row) ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity and are only appended
              <tr key={index} className={table.row} onClick={() => onSelect(index)}>
                <td className="numeric">{seconds(row.at_ms - ladder.started_ms)}</td>
                <td>
                  <button type="button" className={table.plainButton} onClick={() => onSelect(index)}>
                    {row.text}
                  </button>
                </td>
                <td>{nameOf(row.from)}</td>
                <td>{row.to === row.from ? "" : nameOf(row.to)}</td>
                <td>{row.rule}</td>
                <td className={`${table.nowrap} ${table.optional}`}>{t(`kindOne.${row.kind}`)}</td>
              </tr>
            ) : null,
          )}
        </tbody>
      </table>
    </div>
  );
}
