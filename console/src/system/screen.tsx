/** How the whole is doing, what may be wrong with audio, and what to type into a phone. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import type { SystemStatus } from "../api/types";
import { Page } from "../ui/page";
import { Failed, Skeleton } from "../ui/states";
import { Alarms } from "./alarms";
import { AudioCheckCard } from "./audio-check";
import { ConnectionCard, DialCard } from "./connection";
import { Parts } from "./parts";
import styles from "./screen.module.css";

const REFRESH_MS = 3_000;

export default function SystemScreen() {
  const { t } = useTranslation("system");
  const status = useQuery({
    queryKey: ["status"],
    queryFn: () => request<SystemStatus>("GET", "/status"),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Page title={t("title")} summary={status.data && t("summary", { version: status.data.version })}>
      {status.isPending && <Skeleton />}
      {status.isError && !status.data && <Failed error={status.error} onRetry={() => status.refetch()} />}
      {status.data && <Alarms alarms={status.data.alarms} />}
      {status.data && <Parts status={status.data} />}
      <div className={styles.columns}>
        <AudioCheckCard />
        <div className={styles.stack}>
          <ConnectionCard />
          <DialCard />
        </div>
      </div>
    </Page>
  );
}
