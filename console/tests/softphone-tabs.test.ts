import { beforeEach, describe, expect, it } from "vitest";
import type { LeftCalls } from "../src/softphone/memory";
import { type Command, NO_PHONE, type PhoneCall, type PhoneState } from "../src/softphone/model";
import { type Channel, PhoneTabs } from "../src/softphone/tabs";

/** All tabs of one browser: a channel that reaches the others, and a lock that one holds at a time. */
class Browser {
  readonly #listeners = new Map<number, (message: never) => void>();
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;
  #lastTab = 0;

  channel(): Channel {
    this.#lastTab += 1;
    const own = this.#lastTab;
    return {
      post: (message) => {
        for (const [tab, heard] of this.#listeners) if (tab !== own) heard(structuredClone(message) as never);
      },
      listen: (heard) => {
        this.#listeners.set(own, heard as (message: never) => void);
        return () => this.#listeners.delete(own);
      },
    };
  }

  acquire = (held: () => Promise<void>): void => {
    const take = () => {
      this.#isHeld = true;
      void held().then(() => this.#release());
    };
    if (this.#isHeld) this.#waiting.push(take);
    else take();
  };

  #release(): void {
    this.#isHeld = false;
    this.#waiting.shift()?.();
  }
}

interface Tab {
  tabs: PhoneTabs;
  commands: Command[];
  left: (LeftCalls | null)[];
  show: (state: PhoneState) => void;
}

let browser: Browser;

function openTab(): Tab {
  const tab: Tab = { commands: [], left: [], show: () => undefined } as unknown as Tab;
  tab.tabs = new PhoneTabs({
    channel: browser.channel(),
    acquire: browser.acquire,
    now: () => 5_000,
    own: (left, changed) => {
      tab.left.push(left);
      tab.show = changed;
      return { run: (command) => tab.commands.push(command), stop: () => undefined };
    },
  });
  tab.tabs.start();
  return tab;
}

const TALKING: PhoneCall = {
  id: "call-1",
  direction: "out",
  state: "talking",
  number: "101",
  name: "Bob",
  startedMs: 1,
  answeredMs: 2,
  isMuted: false,
  isHeld: false,
  isWaiting: false,
  dialog: { callId: "c", localTag: "l", remoteTag: "r" },
};

beforeEach(() => {
  browser = new Browser();
});

describe("the tabs of a browser", () => {
  it("let one own the phone; the others show it and send it commands", () => {
    const first = openTab();
    const second = openTab();
    first.show({ ...NO_PHONE, extension: "100", registration: "registered" });
    expect(first.tabs.isOwner).toBe(true);
    expect(second.tabs.isOwner).toBe(false);
    expect(second.tabs.state.extension).toBe("100");
    second.tabs.send({ do: "call", number: "101" });
    expect(first.commands).toEqual([{ do: "call", number: "101" }]);
    expect(second.commands).toEqual([]);
  });

  it("tell a tab that comes later what the phone is doing", () => {
    const first = openTab();
    first.show({ ...NO_PHONE, extension: "100", calls: [TALKING] });
    expect(openTab().tabs.state.calls).toEqual([TALKING]);
  });

  it("hand the phone with its talking calls to the next when the owner goes", async () => {
    const first = openTab();
    const second = openTab();
    const ringing: PhoneCall = { ...TALKING, id: "call-2", state: "ringing", dialog: null };
    first.show({ ...NO_PHONE, extension: "100", calls: [TALKING, ringing] });
    first.tabs.stop();
    await Promise.resolve();
    await Promise.resolve();
    expect(second.tabs.isOwner).toBe(true);
    expect(second.left).toEqual([{ extension: "100", atMs: 5_000, calls: [TALKING] }]);
  });

  it("start with nothing left where no other tab was", () => {
    expect(openTab().left).toEqual([null]);
  });
});
