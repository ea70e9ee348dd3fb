/** What stands above every screen while the board's link or the engine is not well. */
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Notice } from "../ui/states";
import { useNow } from "../ui/time";
import styles from "./banner.module.css";
import { useBoard, useLinkState, useWholeBoard } from "./context";

export function LinkBanner() {
  const { t } = useTranslation("board");
  const { connection } = useBoard();
  const state = useLinkState();
  const store = useWholeBoard();
  if (state === "live") return <EngineBanner />;
  if (state === "connecting" && !store.isLoaded) return null;
  const retry = (
    <Button size="sm" onPress={() => connection.retry()}>
      {t("link.retry")}
    </Button>
  );
  return (
    <div className={styles.banner}>
      <Notice
        tone="warn"
        role="status"
        data-testid="link-banner"
        title={state === "stale" ? t("link.stale") : t("link.reconnecting")}
        action={retry}
      >
        {state === "stale" ? <StaleFor heardAt={connection.heardAt} /> : t("link.reconnectingText")}
      </Notice>
    </div>
  );
}

function StaleFor({ heardAt }: { heardAt: number }) {
  const { t } = useTranslation("board");
  return t("link.staleText", { seconds: Math.max(3, Math.round((useNow() - heardAt) / 1_000)) });
}

function EngineBanner() {
  const { t } = useTranslation("board");
  const { engine } = useWholeBoard();
  if (engine.up) return null;
  return (
    <div className={styles.banner}>
      <Notice tone="bad" role="status" data-testid="engine-banner" title={t("engine.down")}>
        {t("engine.downText", { problem: asSentence(engine.problem) || t("engine.noProblem") })}
      </Notice>
    </div>
  );
}

/** The exchange names a problem in a few words; here they stand before another sentence. */
function asSentence(words: string): string {
  if (!words) return "";
  return `${words[0]?.toLocaleUpperCase()}${words.slice(1).replace(/\.$/, "")}.`;
}
