/** What is on every screen: navigation, top bar, banners, the phone. */
import { CircleQuestionMark, Menu } from "lucide-react";
import { Suspense, useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { Outlet } from "react-router";
import { LinkBanner } from "../board/banner";
import { LinkIndicator } from "../board/link-indicator";
import { PhoneDock } from "../softphone/dock";
import { IconButton } from "../ui/button";
import { Skeleton } from "../ui/states";
import { Account } from "./account";
import { Rail } from "./rail";
import styles from "./shell.module.css";
import { ShortcutsHelp, useShortcuts } from "./shortcuts";

export function Shell() {
  const { t } = useTranslation();
  const [navOpen, setNavOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const openHelp = useCallback(() => setHelpOpen(true), []);
  const [phoneOpen, setPhoneOpen] = useState(false);
  const togglePhone = useCallback(() => setPhoneOpen((open) => !open), []);
  useShortcuts({ onHelp: openHelp, onPhone: togglePhone });
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {t("nav.skip")}
      </a>
      <Rail isOpen={navOpen} onChosen={() => setNavOpen(false)} />
      {navOpen && (
        <button
          type="button"
          className={styles.scrim}
          aria-label={t("nav.close")}
          onClick={() => setNavOpen(false)}
          onKeyDown={(event) => event.key === "Escape" && setNavOpen(false)}
        />
      )}
      <div className={styles.column}>
        <header className={styles.bar}>
          <span className={styles.burger}>
            <IconButton
              label={t("nav.open")}
              aria-controls="rail"
              aria-expanded={navOpen}
              onPress={() => setNavOpen(!navOpen)}
            >
              <Menu aria-hidden />
            </IconButton>
          </span>
          <LinkIndicator />
          <span className={styles.space} />
          <IconButton label={t("shortcuts.title")} shortcut="?" onPress={openHelp}>
            <CircleQuestionMark aria-hidden />
          </IconButton>
          <Account />
        </header>
        <LinkBanner />
        <main id="content" tabIndex={-1} className={styles.content}>
          <Suspense fallback={<Skeleton rows={8} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <PhoneDock isOpen={phoneOpen} setOpen={setPhoneOpen} />
      {helpOpen && <ShortcutsHelp onClose={() => setHelpOpen(false)} />}
    </div>
  );
}
