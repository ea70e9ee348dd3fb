import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { Extension } from "../api/types";
import { useWholeBoard } from "../board/context";
import { StateBadge } from "../board/state-badge";
import { IconButton } from "../ui/button";
import table from "../ui/table.module.css";
import { DeleteExtension } from "./delete-extension";
import styles from "./extension-table.module.css";

type Column = "number" | "name";

export interface Sort {
  by: Column;
  isDescending: boolean;
}

interface TableProps {
  items: readonly Extension[];
  sort: Sort;
  onSort: (sort: Sort) => void;
}

export function ExtensionTable({ items, sort, onSort }: TableProps) {
  const { t } = useTranslation("extensions");
  const [deleting, setDeleting] = useState("");
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="extensions">
        <thead>
          <tr>
            <SortableColumn column="number" sort={sort} onSort={onSort} />
            <SortableColumn column="name" sort={sort} onSort={onSort} />
            <th scope="col">{t("column.state")}</th>
            <th scope="col" className={table.optional}>
              {t("column.phones")}
            </th>
            <th scope="col" className={table.end}>
              <span className="visually-hidden">{t("column.actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted(items, sort).map((extension) => (
            <Row key={extension.number} extension={extension} onDelete={setDeleting} />
          ))}
        </tbody>
      </table>
      {deleting && <DeleteExtension number={deleting} onClose={() => setDeleting("")} />}
    </div>
  );
}

function sorted(items: readonly Extension[], { by, isDescending }: Sort): Extension[] {
  const way = isDescending ? -1 : 1;
  const byNumber = (a: Extension, b: Extension) =>
    a.number.length - b.number.length || a.number.localeCompare(b.number);
  const byName = (a: Extension, b: Extension) => a.name.localeCompare(b.name) || byNumber(a, b);
  return [...items].sort((a, b) => way * (by === "name" ? byName(a, b) : byNumber(a, b)));
}

interface ColumnProps {
  column: Column;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

function SortableColumn({ column, sort, onSort }: ColumnProps) {
  const { t } = useTranslation("extensions");
  const isSorted = sort.by === column;
  const Arrow = sort.isDescending ? ArrowDown : ArrowUp;
  return (
    <th scope="col" aria-sort={isSorted ? (sort.isDescending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className={styles.sort}
        onClick={() => onSort({ by: column, isDescending: isSorted && !sort.isDescending })}
      >
        {t(`column.${column}`)}
        {isSorted && <Arrow aria-hidden />}
      </button>
    </th>
  );
}

function Row({ extension, onDelete }: { extension: Extension; onDelete: (number: string) => void }) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const line = useWholeBoard().line(`1/${extension.number}`);
  const to = `/extensions/${extension.number}`;
  return (
    <tr className={table.row} onClick={() => navigate(to)} data-testid={`extension-${extension.number}`}>
      <td>
        <Link to={to} className={`${table.link} numeric`} onClick={(event) => event.stopPropagation()}>
          {extension.number}
        </Link>
      </td>
      <td>
        <span className={extension.name ? undefined : table.sub}>{extension.name || t("unnamed")}</span>
        {extension.email && <div className={table.sub}>{extension.email}</div>}
      </td>
      <td>{line && <StateBadge state={line.state} />}</td>
      <td className={`numeric ${table.optional}`}>{line?.contacts ?? 0}</td>
      <td className={table.end}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: only keeps the row's click from the button */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same */}
        <span onClick={(event) => event.stopPropagation()}>
          <IconButton
            size="sm"
            label={`${common("delete")} ${extension.number}`}
            onPress={() => onDelete(extension.number)}
          >
            <Trash2 aria-hidden />
          </IconButton>
        </span>
      </td>
    </tr>
  );
}
