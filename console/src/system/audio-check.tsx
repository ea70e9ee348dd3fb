/** The one-way-audio check: each finding with its cause and its cure. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import type { AudioCheck, Finding } from "../api/types";
import { Button } from "../ui/button";
import { Card } from "../ui/page";
import { Failed, Notice, Skeleton, type Tone } from "../ui/states";
import styles from "./screen.module.css";

export function AudioCheckCard() {
  const { t } = useTranslation("system");
  const check = useQuery({
    queryKey: ["checks", "audio"],
    queryFn: () => request<AudioCheck>("GET", "/checks/audio"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Card
      title={t("audio.title")}
      actions={
        <Button size="sm" isPending={check.isFetching} onPress={() => check.refetch()}>
          {t("audio.run")}
        </Button>
      }
    >
      {check.isPending && <Skeleton rows={3} />}
      {check.isError && <Failed error={check.error} onRetry={() => check.refetch()} />}
      {check.data && (
        <div className={styles.findings} data-testid="audio-findings">
          {check.data.findings.length === 0 && <Notice tone="good">{t("audio.fine")}</Notice>}
          {check.data.findings.map((finding) => (
            <OneFinding key={`${finding.code} ${finding.cause}`} finding={finding} />
          ))}
          {!check.data.looked_at_phones && <Notice tone="info">{t("audio.noPhones")}</Notice>}
        </div>
      )}
    </Card>
  );
}

const TONES: Record<Finding["severity"], Tone> = { problem: "bad", warning: "warn", hint: "info" };

function OneFinding({ finding }: { finding: Finding }) {
  const { t } = useTranslation("system");
  return (
    <Notice tone={TONES[finding.severity]} title={finding.cause}>
      <p className={styles.cure}>
        {t("audio.cure")}: {finding.cure}
      </p>
      {finding.setting && (
        <p className={styles.cure}>
          {t("audio.setting")}: <code>{finding.setting}</code>
        </p>
      )}
    </Notice>
  );
}
