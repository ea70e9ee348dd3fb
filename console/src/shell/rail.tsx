/** The navigation at the inline start: a rail on wide screens, a drawer on narrow ones. */
import { History, LayoutGrid, type LucideIcon, PhoneForwarded, ScrollText, ServerCog } from "lucide-react";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { Logo } from "./logo";
import styles from "./rail.module.css";

const ITEMS: readonly {
  to: string;
  name: "board" | "extensions" | "records" | "changes" | "system";
  icon: LucideIcon;
}[] = [
  { to: "/", name: "board", icon: LayoutGrid },
  { to: "/extensions", name: "extensions", icon: PhoneForwarded },
  { to: "/call-records", name: "records", icon: ScrollText },
  { to: "/changes", name: "changes", icon: History },
  { to: "/system", name: "system", icon: ServerCog },
];

export function Rail({ isOpen, onChosen }: { isOpen: boolean; onChosen: () => void }) {
  const { t } = useTranslation();
  return (
    <nav id="rail" className={styles.rail} data-open={isOpen} aria-label={t("nav.label")}>
      <NavLink to="/" className={styles.brand} onClick={onChosen}>
        <Logo />
        <span>{t("product")}</span>
      </NavLink>
      <ul className={styles.items}>
        {ITEMS.map(({ to, name, icon: Icon }) => (
          <li key={to}>
            <NavLink to={to} end={to === "/"} className={styles.item} onClick={onChosen} data-testid={`nav-${name}`}>
              <Icon aria-hidden />
              {t(`nav.${name}`)}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
