/** One change set: what it did, field by field, and the way back. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import type { ChangeDetail, ChangeEntry, FieldDifference, Written } from "../api/types";
import { Button } from "../ui/button";
import { Confirm, SidePanel } from "../ui/overlay";
import { Card } from "../ui/page";
import { Badge, Failed, messageOf, Skeleton, type Tone } from "../ui/states";
import table from "../ui/table.module.css";
import { dateTime } from "../ui/time";
import { toast } from "../ui/toasts";
import styles from "./change-panel.module.css";

const TONES: Record<ChangeEntry["action"], Tone> = { created: "good", changed: "info", deleted: "bad" };

export function ChangePanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation("changes");
  const read = useQuery({
    queryKey: ["changes", "one", id],
    queryFn: () => request<ChangeDetail>("GET", `/changes/${encodeURIComponent(id)}`),
  });
  const [isAsking, setAsking] = useState(false);
  const change = read.data;
  return (
    <SidePanel
      isOpen
      wide
      title={t("detail.title", { id })}
      onClose={onClose}
      data-testid="change-panel"
      footer={
        change && (
          <Button icon={<Undo2 aria-hidden />} onPress={() => setAsking(true)} data-testid="undo-change">
            {t("undo.action")}
          </Button>
        )
      }
    >
      {read.isPending && <Skeleton />}
      {read.isError && <Failed error={read.error} onRetry={() => read.refetch()} />}
      {change && (
        <>
          <p>
            <strong>{change.title}</strong>
            <br />
            {t("detail.by", { author: change.author, at: dateTime(change.at) })}
          </p>
          <section
            className={styles.entries}
            aria-label={change.title}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
            tabIndex={0}
          >
            {change.entries.map((entry) => (
              <Entry key={entry.what} entry={entry} />
            ))}
          </section>
        </>
      )}
      {isAsking && change && <AskUndo change={change} onClose={() => setAsking(false)} onDone={onClose} />}
    </SidePanel>
  );
}

function Entry({ entry }: { entry: ChangeEntry }) {
  const { t } = useTranslation("changes");
  const { t: extensions } = useTranslation("extensions");
  const shown = useShown();
  const isShown = ({ before, after }: FieldDifference) => !(isEmpty(before) && isEmpty(after));
  return (
    <Card
      title={
        <span className={styles.what}>
          {entry.what} <Badge tone={TONES[entry.action]}>{t(`detail.action.${entry.action}`)}</Badge>
        </span>
      }
    >
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">{t("detail.field")}</th>
              {entry.action !== "created" && <th scope="col">{t("detail.before")}</th>}
              {entry.action !== "deleted" && <th scope="col">{t("detail.after")}</th>}
            </tr>
          </thead>
          <tbody>
            {entry.fields.filter(isShown).map(({ field, before, after }) => (
              <tr key={field}>
                <td>{extensions(`field.${field as "name"}`, { defaultValue: field })}</td>
                {entry.action !== "created" && (
                  <td className={entry.action === "changed" ? styles.before : undefined}>{shown(before)}</td>
                )}
                {entry.action !== "deleted" && (
                  <td className={entry.action === "changed" ? styles.after : undefined}>{shown(after)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function useShown(): (value: unknown) => string {
  const { t } = useTranslation();
  return (value) => {
    if (isEmpty(value)) return "–";
    if (typeof value === "boolean") return t(value ? "yes" : "no");
    if (Array.isArray(value)) return value.join(", ");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
}

interface AskProps {
  change: ChangeDetail;
  onClose: () => void;
  onDone: () => void;
}

function AskUndo({ change, onClose, onDone }: AskProps) {
  const { t } = useTranslation("changes");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const undo = useMutation({
    mutationFn: () => request<Written>("POST", `/changes/${change.id}/undo`),
    onSuccess: () => {
      toast(t("undo.done", { id: change.id }));
      void client.invalidateQueries({ queryKey: ["changes"] });
      void client.invalidateQueries({ queryKey: ["extensions"] });
      onDone();
    },
    onError: (error) => {
      toast(messageOf(error, common), "bad");
      onClose();
    },
  });
  return (
    <Confirm
      isOpen
      variant="primary"
      title={t("undo.title", { id: change.id })}
      action={t("undo.action")}
      isPending={undo.isPending}
      onConfirm={() => undo.mutate()}
      onClose={onClose}
    >
      <p>{t("undo.text", { title: change.title })}</p>
    </Confirm>
  );
}
