/** The phone of this browser for all components: its state, and `send` for commands. */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import type { SoftphoneAccount } from "../api/types";
import { canSpeak } from "./devices";
import type { Account } from "./jssip";
import { chooseExtension, chosenExtension, type LeftCalls, takeLeftCalls } from "./memory";
import type { Command, PhoneCall, PhoneState } from "./model";
import { Phone } from "./phone";
import { type AcquireLock, type Channel, type Owner, PhoneTabs } from "./tabs";

const NAME = "signalbox.phone";
const REMEMBER_MS = 5_000;

interface PhoneContextValue {
  tabs: PhoneTabs;
  /** The phone itself, in the tab that owns it. */
  local: { phone: Phone | null };
}

const PhoneContext = createContext<PhoneContextValue | null>(null);

export interface UsedPhone {
  state: PhoneState;
  isOwner: boolean;
  phone: Phone | null;
  send: (command: Command) => void;
}

export function usePhone(): UsedPhone {
  const context = useContext(PhoneContext);
  if (!context) throw new Error("the phone is used outside of its provider");
  const { tabs, local } = context;
  const state = useSyncExternalStore(tabs.subscribe, () => tabs.state);
  return { state, isOwner: tabs.isOwner, phone: local.phone, send: (command) => tabs.send(command) };
}

export function PhoneProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation("phone");
  const value = useMemo(() => {
    const local: PhoneContextValue["local"] = { phone: null };
    const announce = notifier((call) => t("incoming.from", { who: call.name || call.number }));
    const own = (left: LeftCalls | null, changed: (state: PhoneState) => void) => owner(local, left, changed, announce);
    return { tabs: new PhoneTabs({ channel: openChannel(), acquire, own, now: Date.now }), local };
  }, [t]);
  useEffect(() => {
    if (!canSpeak()) return;
    value.tabs.start();
    return () => value.tabs.stop();
  }, [value]);
  return <PhoneContext.Provider value={value}>{children}</PhoneContext.Provider>;
}

function owner(
  local: PhoneContextValue["local"],
  left: LeftCalls | null,
  changed: (state: PhoneState) => void,
  rings: (call: PhoneCall | null) => void,
): Owner {
  const phone = new Phone({ account: fetchAccount, changed, rings });
  local.phone = phone;
  const beforeReload = takeLeftCalls();
  // Another tab that owned the phone since knows better what became of our calls.
  void phone.start(chosenExtension(), left ?? beforeReload);
  const remember = () => phone.remember();
  const timer = setInterval(() => phone.state.calls.length > 0 && remember(), REMEMBER_MS);
  const warn = (event: BeforeUnloadEvent) => phone.state.calls.length > 0 && event.preventDefault();
  addEventListener("pagehide", remember);
  addEventListener("beforeunload", warn);
  return {
    run: (command) => {
      if (command.do === "choose") chooseExtension(command.extension);
      if (command.do === "leave") chooseExtension("");
      void phone.run(command);
    },
    stop: () => {
      clearInterval(timer);
      removeEventListener("pagehide", remember);
      removeEventListener("beforeunload", warn);
      phone.stop();
      local.phone = null;
    },
  };
}

async function fetchAccount(extension: string): Promise<Account> {
  const account = await request<SoftphoneAccount>("POST", `/extensions/${encodeURIComponent(extension)}/softphone`);
  return {
    uri: account.uri,
    username: account.username,
    secret: account.secret,
    displayName: account.display_name,
    url: location.protocol === "https:" ? account.wss_url : account.ws_url,
  };
}

const acquire: AcquireLock = (held, signal) => {
  navigator.locks.request(NAME, { signal }, held).catch(() => undefined);
};

function openChannel(): Channel {
  const channel = new BroadcastChannel(NAME);
  return {
    post: (message) => channel.postMessage(message),
    listen: (heard) => {
      const listener = (event: MessageEvent) => heard(event.data);
      channel.addEventListener("message", listener);
      return () => channel.removeEventListener("message", listener);
    },
  };
}

/** Show a notification for a call that rings while the page is out of sight. */
function notifier(text: (call: PhoneCall) => string): (call: PhoneCall | null) => void {
  let shown: { id: string; notification: Notification } | null = null;
  return (call) => {
    if (shown && shown.id !== call?.id) {
      shown.notification.close();
      shown = null;
    }
    if (!call || shown || !document.hidden || !("Notification" in window) || Notification.permission !== "granted")
      return;
    const notification = new Notification(text(call), { body: call.number, tag: NAME, requireInteraction: true });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
    shown = { id: call.id, notification };
  };
}
