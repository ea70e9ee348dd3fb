/** The menu of who is signed in: theme, password, sign-out. */
import { CircleUser } from "lucide-react";
import { useState } from "react";
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session";
import { ChangePassword } from "../signin/change-password";
import { IconButton } from "../ui/button";
import styles from "./account.module.css";
import { chooseTheme, type Theme, useTheme } from "./theme";

/** Who put the change of a generated password off is not asked again in this tab. */
const LATER = "signalbox.password.later";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function Account() {
  const { t } = useTranslation();
  const { user, signOut } = useSession();
  const theme = useTheme();
  const [changing, setChanging] = useState(false);
  const [offered, setOffered] = useState(user.must_change_password && !sessionStorage.getItem(LATER));
  return (
    <>
      <MenuTrigger>
        <IconButton label={t("account.menu", { name: user.username })} data-testid="account">
          <CircleUser aria-hidden />
        </IconButton>
        <Popover className={styles.popover} placement="bottom end">
          <Menu className={styles.menu} aria-label={t("account.menu", { name: user.username })}>
            <MenuSection
              selectionMode="single"
              selectedKeys={[theme]}
              disallowEmptySelection
              onSelectionChange={(keys) => keys !== "all" && chooseTheme([...keys][0] as Theme)}
            >
              <Header className={styles.header}>{t("theme.label")}</Header>
              {THEMES.map((one) => (
                <MenuItem key={one} id={one} className={styles.item}>
                  {t(`theme.${one}`)}
                </MenuItem>
              ))}
            </MenuSection>
            <Separator className={styles.separator} />
            <MenuSection>
              <Header className={styles.header}>{t("account.signedInAs", { name: user.username })}</Header>
              <MenuItem className={styles.item} onAction={() => setChanging(true)}>
                {t("account.changePassword")}
              </MenuItem>
              <MenuItem className={styles.item} onAction={() => void signOut()}>
                {t("account.signOut")}
              </MenuItem>
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
      {(changing || offered) && (
        <ChangePassword
          isOffer={offered}
          onClose={() => {
            setChanging(false);
            setOffered(false);
            sessionStorage.setItem(LATER, "1");
          }}
        />
      )}
    </>
  );
}
