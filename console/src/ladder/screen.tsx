/** The ladder of a call, live or finished. */
import { useQuery } from "@tanstack/react-query";
import { Route, ScrollText } from "lucide-react";
import { useState } from "react";
import { type Key, ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { request } from "../api/client";
import { ApiError } from "../api/problem";
import type { Ladder, LadderRow, RowKind } from "../api/types";
import { useLine } from "../board/context";
import { Button } from "../ui/button";
import { Card, Page } from "../ui/page";
import { Badge, Empty, Failed, Skeleton } from "../ui/states";
import { clock, timeOfDay } from "../ui/time";
import toggles from "../ui/toggles.module.css";
import { Diagram } from "./diagram";
import { RowTable } from "./row-table";
import styles from "./screen.module.css";
import { Side } from "./side";

const LIVE_MS = 1_000;
const KINDS: readonly RowKind[] = ["sip", "step", "event"];

export default function LadderScreen() {
  const { t } = useTranslation("ladder");
  const { callId = "" } = useParams();
  const navigate = useNavigate();
  const read = useQuery({
    queryKey: ["ladder", callId],
    queryFn: () => request<Ladder>("GET", `/calls/${encodeURIComponent(callId)}/ladder`),
    refetchInterval: ({ state }) => (state.data?.live ? LIVE_MS : false),
  });
  const ladder = read.data;
  const [from, to] = endsOf(ladder);
  const [fromName, toName] = [useNameOfLine(from), useNameOfLine(to)];
  return (
    <Page
      fill
      title={from && to ? t("titleOf", { from: fromName, to: toName }) : t("title")}
      summary={ladder && <Summary ladder={ladder} />}
      actions={
        <Button
          icon={<ScrollText aria-hidden />}
          isDisabled={!ladder || ladder.live}
          onPress={() => navigate(`/call-records/${encodeURIComponent(callId)}`)}
        >
          {t("record")}
        </Button>
      }
    >
      {read.isPending && (
        <Card>
          <Skeleton rows={10} />
        </Card>
      )}
      {read.isError && <NotThere error={read.error} onRetry={() => read.refetch()} />}
      {ladder && <Content ladder={ladder} />}
    </Page>
  );
}

/** Who called whom; a browser that was loaded again in mid-call appears a second time. */
function endsOf(ladder?: Ladder): [string, string] {
  const [from = "", ...others] =
    ladder?.participants.filter((one) => one.kind === "phone").map((one) => one.label) ?? [];
  return [from, others.find((label) => label !== from) ?? ""];
}

function useNameOfLine(extension: string): string {
  return useLine(`1/${extension}`)?.name || extension;
}

function Summary({ ladder }: { ladder: Ladder }) {
  const { t } = useTranslation("ladder");
  const at = timeOfDay(ladder.started_ms);
  const count = ladder.rows.length;
  const length = clock(((ladder.ended_ms ?? ladder.started_ms) - ladder.started_ms) / 1_000);
  return (
    <span className={styles.summary}>
      <Badge tone={ladder.live ? "good" : "plain"}>{ladder.live ? t("live") : t("finished")}</Badge>
      {ladder.live ? t("summaryLive", { at, count }) : t("summary", { at, length, count })}
    </span>
  );
}

function Content({ ladder }: { ladder: Ladder }) {
  const { t } = useTranslation("ladder");
  const [view, setView] = useState<"diagram" | "table">("diagram");
  const [kinds, setKinds] = useState<ReadonlySet<Key>>(new Set(KINDS));
  const [selected, setSelected] = useState<number | null>(null);
  const isShown = (row: LadderRow) => kinds.has(row.kind);
  if (ladder.rows.length === 0) {
    return (
      <Card>
        <Empty icon={<Route />} title={t("empty.title")}>
          {t("empty.text")}
        </Empty>
      </Card>
    );
  }
  return (
    <>
      <div className={styles.bar}>
        <ToggleButtonGroup
          aria-label={t("view")}
          className={toggles.group}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[view]}
          onSelectionChange={([chosen]) => setView(chosen as "diagram" | "table")}
        >
          <ToggleButton id="diagram" className={toggles.toggle}>
            {t("diagram")}
          </ToggleButton>
          <ToggleButton id="table" className={toggles.toggle} data-testid="ladder-as-table">
            {t("table")}
          </ToggleButton>
        </ToggleButtonGroup>
        <ToggleButtonGroup
          aria-label={t("show")}
          className={toggles.group}
          selectionMode="multiple"
          disallowEmptySelection
          selectedKeys={kinds}
          onSelectionChange={setKinds}
        >
          {KINDS.map((kind) => (
            <ToggleButton key={kind} id={kind} className={toggles.toggle}>
              {t(`kind.${kind}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </div>
      <div className={styles.columns}>
        <Card>
          {view === "diagram" ? (
            <Diagram ladder={ladder} isShown={isShown} selected={selected} onSelect={setSelected} />
          ) : (
            <RowTable ladder={ladder} isShown={isShown} onSelect={setSelected} />
          )}
        </Card>
        <div className={styles.side}>
          <Side ladder={ladder} selected={selected} onSelect={setSelected} />
        </div>
      </div>
    </>
  );
}

function NotThere({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation("ladder");
  const navigate = useNavigate();
  if (!(error instanceof ApiError) || error.status !== 404) return <Failed error={error} onRetry={onRetry} />;
  return (
    <Empty
      icon={<Route />}
      title={t("gone.title")}
      action={<Button onPress={() => navigate("/call-records")}>{t("gone.action")}</Button>}
    >
      {t("gone.text")}
    </Empty>
  );
}
