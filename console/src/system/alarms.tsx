/** What needs a person now, problems first; nothing at all when all is well. */
import { useTranslation } from "react-i18next";
import type { SystemStatus } from "../api/types";
import { Notice, type Tone } from "../ui/states";
import styles from "./screen.module.css";

type Alarm = SystemStatus["alarms"][number];

const TONES: Record<Alarm["severity"], Tone> = { problem: "bad", warning: "warn" };

export function Alarms({ alarms }: { alarms: readonly Alarm[] }) {
  const { t } = useTranslation("system");
  if (!alarms.length) return null;
  return (
    <section className={styles.stack} aria-label={t("alarms")} data-testid="alarms">
      {alarms.map(({ code, severity, detail }) => (
        <Notice key={`${code} ${detail}`} tone={TONES[severity]} title={t(`alarm.${code}`)}>
          {detail}
        </Notice>
      ))}
    </section>
  );
}
