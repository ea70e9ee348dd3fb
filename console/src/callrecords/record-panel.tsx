/** One call record with its parties, and the way to its ladder. */
import { Route } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { CallRecord, RecordLeg } from "../api/types";
import { Button } from "../ui/button";
import { Copyable } from "../ui/copyable";
import { SidePanel } from "../ui/overlay";
import { Card, Facts } from "../ui/page";
import { Failed, Skeleton } from "../ui/states";
import { clock, dateTime, dayAndTime, timeOfDay } from "../ui/time";
import { useRecord } from "./queries";
import { Outcome, Party } from "./record-table";

export function RecordPanel({ callId, onClose }: { callId: string; onClose: () => void }) {
  const { t } = useTranslation("records");
  const navigate = useNavigate();
  const read = useRecord(callId);
  const record = read.data;
  return (
    <SidePanel
      isOpen
      wide
      title={record ? t("detail.title", { when: dayAndTime(record.started_at) }) : t("title")}
      onClose={onClose}
      data-testid="record-panel"
      footer={
        <Button
          variant="primary"
          icon={<Route aria-hidden />}
          onPress={() => navigate(`/calls/${encodeURIComponent(callId)}`)}
          data-testid="show-ladder"
        >
          {t("detail.ladder")}
        </Button>
      }
    >
      {read.isPending && <Skeleton />}
      {read.isError && <Failed error={read.error} onRetry={() => read.refetch()} />}
      {record && <Detail record={record} />}
    </SidePanel>
  );
}

function Detail({ record }: { record: CallRecord }) {
  const { t } = useTranslation("records");
  const cause = useCause();
  return (
    <>
      <Card>
        <Facts
          facts={[
            { term: t("column.from"), value: <Party name={record.from_name} number={record.from_number} /> },
            { term: t("column.to"), value: <Party name={record.to_name} number={record.to_number} /> },
            { term: t("detail.dialled"), value: <span className="numeric">{record.dialled}</span> },
            { term: t("column.disposition"), value: <Outcome disposition={record.disposition} /> },
            { term: t("detail.started"), value: dateTime(record.started_at) },
            {
              term: t("detail.answered"),
              value: record.answered_at ? timeOfDay(record.answered_at) : t("detail.notAnswered"),
            },
            { term: t("detail.ended"), value: timeOfDay(record.ended_at) },
            { term: t("column.talk"), value: clock(record.talk_s) },
            { term: t("detail.cause"), value: cause(record.cause) },
            { term: t("detail.callId"), value: <Copyable value={record.call_id} label={t("detail.callId")} /> },
          ]}
        />
      </Card>
      {record.legs?.map((leg) => (
        <Leg key={leg.channel_id} leg={leg} />
      ))}
    </>
  );
}

function Leg({ leg }: { leg: RecordLeg }) {
  const { t } = useTranslation("records");
  const cause = useCause();
  return (
    <Card title={`${t(`detail.role.${leg.role}`)}: ${leg.name || leg.number || leg.extension}`}>
      <Facts
        facts={[
          { term: t("detail.started"), value: timeOfDay(leg.started_at) },
          {
            term: t("detail.answered"),
            value: leg.answered_at ? timeOfDay(leg.answered_at) : t("detail.notAnswered"),
          },
          { term: t("detail.ended"), value: leg.ended_at ? timeOfDay(leg.ended_at) : "–" },
          { term: t("detail.cause"), value: cause(leg.cause) },
          { term: t("detail.channel"), value: <code>{leg.channel_id}</code> },
        ]}
      />
    </Card>
  );
}

/** Q.850 causes by their name, for those that people meet. */
function useCause(): (cause: number) => string {
  const { t, i18n } = useTranslation("records");
  return (cause) => {
    const key = `causes.${cause}`;
    if (!i18n.exists(key, { ns: "records" })) return String(cause);
    return t("causes.named", { cause, name: i18n.t(key as "causes.16", { ns: "records" }) });
  };
}
