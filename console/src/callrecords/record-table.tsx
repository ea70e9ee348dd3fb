import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { CallRecord, Disposition } from "../api/types";
import { Badge, type Tone } from "../ui/states";
import table from "../ui/table.module.css";
import { clock, rowTime } from "../ui/time";

const TONES: Record<Disposition, Tone | "plain"> = {
  answered: "good",
  no_answer: "warn",
  busy: "warn",
  failed: "bad",
  cancelled: "plain",
  engine_lost: "bad",
};

export function Outcome({ disposition }: { disposition: Disposition }) {
  const { t } = useTranslation("records");
  return <Badge tone={TONES[disposition]}>{t(`dispositions.${disposition}`)}</Badge>;
}

export function RecordTable({ items }: { items: readonly CallRecord[] }) {
  const { t } = useTranslation("records");
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="records">
        <thead>
          <tr>
            <th scope="col">{t("column.started")}</th>
            <th scope="col">{t("column.from")}</th>
            <th scope="col">{t("column.to")}</th>
            <th scope="col">{t("column.disposition")}</th>
            <th scope="col" className={table.end}>
              {t("column.talk")}
            </th>
            <th scope="col" className={`${table.end} ${table.optional}`}>
              {t("column.duration")}
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((record) => (
            <Row key={record.call_id} record={record} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ record }: { record: CallRecord }) {
  const navigate = useNavigate();
  const to = `/call-records/${encodeURIComponent(record.call_id)}`;
  return (
    <tr className={table.row} onClick={() => navigate(to)} data-testid={`record-${record.call_id}`}>
      <td className={table.nowrap}>
        <Link to={to} className={`${table.link} numeric`} onClick={(event) => event.stopPropagation()}>
          {rowTime(record.started_at)}
        </Link>
      </td>
      <td>
        <Party name={record.from_name} number={record.from_number} />
      </td>
      <td>
        <Party name={record.to_name} number={record.to_number || record.dialled} />
      </td>
      <td>
        <Outcome disposition={record.disposition} />
      </td>
      <td className={`numeric ${table.end}`}>{record.talk_s > 0 ? clock(record.talk_s) : "–"}</td>
      <td className={`numeric ${table.end} ${table.optional}`}>{clock(record.duration_s)}</td>
    </tr>
  );
}

export function Party({ name, number }: { name: string; number: string }) {
  const { t } = useTranslation("records");
  if (!name) return <span className="numeric">{number || t("unknown")}</span>;
  return (
    <>
      {name} <span className={`numeric ${table.sub}`}>{number}</span>
    </>
  );
}
