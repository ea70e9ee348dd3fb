/** The list of calls in progress, longest first. */
import { ArrowRight, PhoneOff } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { IconButton } from "../ui/button";
import { Running } from "../ui/time";
import styles from "./calls.module.css";
import { useWholeBoard } from "./context";
import type { CallView, Leg } from "./model";

/** A name where there is one, else the number. */
export function partyOf(leg: Leg | undefined): string {
  return leg ? leg.name || leg.number || leg.extension : "";
}

export function Calls({ onHangup }: { onHangup: (callId: string) => void }) {
  const { t } = useTranslation("board");
  const store = useWholeBoard();
  const calls = [...store.calls.values()].sort((a, b) => a.started_ms - b.started_ms);
  return (
    <aside className={styles.calls} aria-label={t("calls.title")} data-testid="calls">
      <h2 className={styles.heading}>
        {t("calls.title")} <span className={styles.count}>{calls.length}</span>
      </h2>
      {calls.length === 0 ? (
        <div className={styles.none}>
          <strong>{t("calls.none")}</strong>
          <span>{t("calls.noneHint")}</span>
        </div>
      ) : (
        <ul className={styles.list}>
          {calls.map((call) => (
            <Call key={call.call_id} call={call} skewMs={store.skewMs} onHangup={onHangup} />
          ))}
        </ul>
      )}
    </aside>
  );
}

interface CallProps {
  call: CallView;
  skewMs: number;
  onHangup: (callId: string) => void;
}

const Call = memo(function Call({ call, skewMs, onHangup }: CallProps) {
  const { t } = useTranslation("board");
  const [caller, ...others] = call.legs;
  const from = partyOf(caller) || t("calls.unknown");
  const to = others.map(partyOf).filter(Boolean).join(", ") || call.dialled || t("calls.unknown");
  const answered = call.answered_ms > 0;
  return (
    <li className={styles.call} data-testid={`call-${call.call_id}`}>
      <Link to={`/calls/${encodeURIComponent(call.call_id)}`} className={styles.link}>
        <span className={styles.parties}>
          <span className={styles.party}>{from}</span>
          <ArrowRight aria-hidden className={styles.arrow} />
          <span className={styles.party}>{to}</span>
        </span>
        <span className={styles.meta}>
          <span className={answered ? styles.talking : styles.ringing}>
            {answered ? t("calls.talking") : t("calls.ringing")}
          </span>
          <Running sinceMs={answered ? call.answered_ms : call.started_ms} skewMs={skewMs} />
          {call.dialled && <span className={styles.dialled}>{t("calls.dialled", { number: call.dialled })}</span>}
        </span>
      </Link>
      <IconButton size="sm" label={t("calls.hangup")} onPress={() => onHangup(call.call_id)}>
        <PhoneOff aria-hidden />
      </IconButton>
    </li>
  );
});
