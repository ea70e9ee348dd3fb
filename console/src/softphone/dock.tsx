/** The phone on every screen: a pill in the corner that opens into the phone. */
import { ChevronDown, Phone as PhoneIcon, PhoneOff, Settings2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { isTyping } from "../shell/shortcuts";
import { Button, IconButton } from "../ui/button";
import { Notice } from "../ui/states";
import { Running } from "../ui/time";
import { CallCard } from "./call-card";
import { Chooser } from "./chooser";
import { type UsedPhone, usePhone } from "./context";
import { DeviceSettings } from "./device-settings";
import { canSpeak } from "./devices";
import { Dialler } from "./dialler";
import styles from "./dock.module.css";
import type { PhoneCall } from "./model";
import { useNameOf } from "./name";

interface DockProps {
  isOpen: boolean;
  setOpen: (open: boolean) => void;
}

export function PhoneDock({ isOpen, setOpen }: DockProps) {
  const used = usePhone();
  const { t } = useTranslation("phone");
  const rings = used.state.calls.some((call) => call.state === "ringing" || call.state === "restoring");
  useEffect(() => {
    if (rings) setOpen(true);
  }, [rings, setOpen]);
  useAnswerKey(used);
  return (
    <section
      className={styles.dock}
      aria-label={t("title")}
      data-testid="phone"
      data-in-call={used.state.calls.length > 0}
      // Panels and dialogs would make it inert, but a call must be answered whatever is open.
      data-react-aria-top-layer="true"
    >
      {isOpen && <Panel used={used} onClose={() => setOpen(false)} />}
      {!isOpen && <Pill used={used} onOpen={() => setOpen(true)} />}
    </section>
  );
}

function useAnswerKey({ state, send }: UsedPhone): void {
  const ringing = state.calls.find((call) => call.state === "ringing" && call.direction === "in")?.id;
  useEffect(() => {
    if (!ringing) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "a" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      send({ do: "answer", id: ringing });
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [ringing, send]);
}

/** The call that matters most: one that rings, else one that is talking, else any. */
export function mainCall(calls: readonly PhoneCall[]): PhoneCall | undefined {
  return (
    calls.find((call) => call.state === "ringing") ??
    calls.find((call) => call.state === "talking" && !call.isHeld) ??
    calls[0]
  );
}

function Pill({ used: { state, send }, onOpen }: { used: UsedPhone; onOpen: () => void }) {
  const { t } = useTranslation("phone");
  const call = mainCall(state.calls);
  const name = useNameOf(call);
  const label = canSpeak()
    ? t(state.extension ? `dock.${state.registration === "off" ? "connecting" : state.registration}` : "dock.none", {
        extension: state.extension,
      })
    : t("dock.insecure");
  return (
    <div className={styles.pill} data-state={call ? "busy" : state.registration}>
      <button type="button" className={styles.open} onClick={onOpen} aria-label={t("open")} data-testid="phone-open">
        <span className={styles.lamp} aria-hidden />
        <PhoneIcon aria-hidden />
        <span>{call ? name || call.number : label}</span>
        {call?.state === "talking" && <Running sinceMs={call.answeredMs} />}
      </button>
      {call && (
        <IconButton
          size="sm"
          variant="danger"
          label={t("do.hangup")}
          onPress={() => send({ do: "hangup", id: call.id })}
        >
          <PhoneOff aria-hidden />
        </IconButton>
      )}
    </div>
  );
}

function Panel({ used, onClose }: { used: UsedPhone; onClose: () => void }) {
  const { t } = useTranslation("phone");
  const [view, setView] = useState<"phone" | "devices" | "choose">("phone");
  const { state } = used;
  return (
    <div className={styles.panel} data-testid="phone-panel">
      <header className={styles.head}>
        <span className={styles.who}>
          <strong>{state.extension ? `${state.extension} ${state.displayName}` : t("title")}</strong>
          {state.extension && (
            <span className={styles.registration} data-state={state.registration} data-testid="phone-registration">
              <span className={styles.lamp} aria-hidden />
              {t(`registration.${state.registration}`)}
            </span>
          )}
        </span>
        {canSpeak() && (
          <IconButton
            size="sm"
            label={t("devices.title")}
            aria-pressed={view === "devices"}
            onPress={() => setView(view === "devices" ? "phone" : "devices")}
          >
            <Settings2 aria-hidden />
          </IconButton>
        )}
        <IconButton size="sm" label={t("close")} onPress={onClose} data-testid="phone-close">
          <ChevronDown aria-hidden />
        </IconButton>
      </header>
      <div className={styles.body}>
        <PanelBody used={used} view={view} setView={setView} />
      </div>
    </div>
  );
}

interface BodyProps {
  used: UsedPhone;
  view: "phone" | "devices" | "choose";
  setView: (view: "phone" | "choose") => void;
}

function PanelBody({ used, view, setView }: BodyProps) {
  const { t } = useTranslation("phone");
  const { state, send, isOwner } = used;
  if (!canSpeak()) return <Insecure />;
  if (view === "devices") return <DeviceSettings used={used} onChoose={() => setView("choose")} />;
  if (!state.extension || view === "choose") {
    return (
      <Chooser
        onChosen={(extension) => {
          send({ do: "choose", extension });
          setView("phone");
        }}
      />
    );
  }
  return (
    <>
      {!isOwner && <p className={styles.quiet}>{t("elsewhere")}</p>}
      {state.registration === "failed" && <NotRegistered problem={state.problem} />}
      {state.notice && <PhoneMessage used={used} />}
      {state.calls.map((call) => (
        <CallCard key={call.id} call={call} used={used} />
      ))}
      {state.calls.length === 0 && (
        <Dialler isReady={state.registration === "registered"} onCall={(number) => send({ do: "call", number })} />
      )}
    </>
  );
}

function PhoneMessage({ used: { state, send } }: { used: UsedPhone }) {
  const { t } = useTranslation("phone");
  const { notice } = state;
  if (!notice) return null;
  const isGood = notice.key === "transferred";
  return (
    <Notice
      tone={isGood ? "good" : "warn"}
      role="status"
      data-testid="phone-notice"
      action={
        isGood ? undefined : (
          <Button size="sm" onPress={() => send({ do: "call", number: notice.number })}>
            {t("callAgain")}
          </Button>
        )
      }
    >
      {t(`notice.${notice.key}`, { number: notice.number })}
    </Notice>
  );
}

function Insecure() {
  const { t } = useTranslation("phone");
  return (
    <Notice tone="warn" title={t("insecure.title")} data-testid="phone-insecure">
      {t("insecure.text")} <a href="/install-certificate">{t("insecure.link")}</a>
    </Notice>
  );
}

function NotRegistered({ problem }: { problem: string }) {
  const { t } = useTranslation("phone");
  return (
    <Notice tone="bad" role="status" title={t("failed.title")}>
      {t("failed.text", { problem: problem || t("failed.unknown") })} {t("failed.certificate")}{" "}
      <a href="/install-certificate">{t("failed.certificateLink")}</a>
    </Notice>
  );
}
