/** One call of this phone: who, how long, and what can be done with it. */
import { ArrowRightLeft, Grid3x3, Mic, MicOff, Pause, Phone as PhoneIcon, PhoneOff, Play, Users } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Running } from "../ui/time";
import styles from "./call-card.module.css";
import type { UsedPhone } from "./context";
import { Keypad } from "./keypad";
import { MicrophoneLevel } from "./level";
import type { PhoneCall } from "./model";
import { useNameOf } from "./name";
import { TransferForm } from "./transfer-form";

export function CallCard({ call: bare, used }: { call: PhoneCall; used: UsedPhone }) {
  const name = useNameOf(bare);
  const call = { ...bare, name };
  return (
    <article className={styles.card} data-state={call.isHeld ? "held" : call.state} data-testid="phone-active-call">
      <Who call={call} />
      {call.state === "ringing" && call.direction === "in" && <Incoming call={call} used={used} />}
      {call.state === "talking" && <Talking call={call} used={used} />}
      {(call.state === "dialling" || call.state === "restoring") && <Cancel call={call} used={used} />}
    </article>
  );
}

interface PartProps {
  call: PhoneCall;
  used: UsedPhone;
}

function Who({ call }: { call: PhoneCall }) {
  const { t } = useTranslation("phone");
  const held = call.isHeld ? "held" : call.isWaiting ? "waiting" : null;
  return (
    <header className={styles.who}>
      <span className={styles.avatar} aria-hidden>
        {initials(call)}
      </span>
      <span className={styles.names}>
        <strong data-testid="phone-peer">{call.name || call.number}</strong>
        {call.name && <span className="numeric">{call.number}</span>}
        <span className={styles.state} role="status" data-testid="phone-call-state">
          {t(`state.${held ?? call.state}`)}
        </span>
      </span>
      {call.answeredMs > 0 && (
        <span className={styles.timer}>
          <Running sinceMs={call.answeredMs} />
        </span>
      )}
    </header>
  );
}

function initials({ name, number }: PhoneCall): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("");
  return letters.toLocaleUpperCase() || number.slice(0, 3);
}

function Incoming({ call, used: { send } }: PartProps) {
  const { t } = useTranslation("phone");
  // Never from under the hands of somebody who types: the next key would answer.
  const [isFree] = useState(() => document.activeElement === document.body);
  return (
    <div className={styles.pair}>
      <Button
        variant="primary"
        icon={<PhoneIcon aria-hidden />}
        autoFocus={isFree}
        onPress={() => send({ do: "answer", id: call.id })}
        data-testid="phone-answer"
      >
        {t("incoming.answer")}
      </Button>
      <Button
        variant="danger"
        icon={<PhoneOff aria-hidden />}
        onPress={() => send({ do: "hangup", id: call.id })}
        data-testid="phone-decline"
      >
        {t("incoming.decline")}
      </Button>
    </div>
  );
}

function Cancel({ call, used: { send } }: PartProps) {
  const { t } = useTranslation("phone");
  return (
    <Button
      variant="danger"
      icon={<PhoneOff aria-hidden />}
      onPress={() => send({ do: "hangup", id: call.id })}
      data-testid="phone-hangup"
    >
      {t("do.cancel")}
    </Button>
  );
}

function Talking({ call, used }: PartProps) {
  const { t } = useTranslation("phone");
  const { send, phone, state } = used;
  const [open, setOpen] = useState<"keypad" | "transfer" | null>(null);
  const other = state.calls.find((one) => one.id !== call.id && one.state === "talking");
  const toggle = (part: "keypad" | "transfer") => setOpen(open === part ? null : part);
  return (
    <>
      {phone?.microphone && !call.isHeld && <MicrophoneLevel stream={phone.microphone} isMuted={call.isMuted} />}
      <div className={styles.controls}>
        <Control
          label={call.isMuted ? t("do.unmute") : t("do.mute")}
          icon={call.isMuted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
          isOn={call.isMuted}
          onPress={() => send({ do: "mute", id: call.id, on: !call.isMuted })}
        />
        <Control
          label={call.isHeld ? t("do.resume") : t("do.hold")}
          icon={call.isHeld ? <Play aria-hidden /> : <Pause aria-hidden />}
          isOn={call.isHeld}
          onPress={() => send({ do: "hold", id: call.id, on: !call.isHeld })}
        />
        <Control
          label={t("do.keypad")}
          icon={<Grid3x3 aria-hidden />}
          isOn={open === "keypad"}
          onPress={() => toggle("keypad")}
        />
        <Control
          label={t("do.transfer")}
          icon={<ArrowRightLeft aria-hidden />}
          isOn={open === "transfer"}
          onPress={() => toggle("transfer")}
        />
      </div>
      {open === "keypad" && <Keypad onKey={(digit) => send({ do: "digit", id: call.id, digit })} />}
      {open === "transfer" && (
        <TransferForm
          onTransfer={(number) => {
            setOpen(null);
            send({ do: "transfer", id: call.id, number });
          }}
          onAsk={(number) => {
            setOpen(null);
            send({ do: "call", number });
          }}
        />
      )}
      {other && !call.isHeld && (
        <Button
          icon={<Users aria-hidden />}
          onPress={() => send({ do: "join", id: call.id, otherId: other.id })}
          data-testid="phone-join"
        >
          {t("do.join")}
        </Button>
      )}
      <Button
        variant="danger"
        icon={<PhoneOff aria-hidden />}
        onPress={() => send({ do: "hangup", id: call.id })}
        data-testid="phone-hangup"
      >
        {t("do.hangup")}
      </Button>
    </>
  );
}

interface ControlProps {
  label: string;
  icon: React.ReactNode;
  isOn: boolean;
  onPress: () => void;
}

function Control({ label, icon, isOn, onPress }: ControlProps) {
  return (
    <button type="button" className={styles.control} data-on={isOn} onClick={onPress}>
      {icon}
      {label}
    </button>
  );
}
