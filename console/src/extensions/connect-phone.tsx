/** What a person types into a phone. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { usePhone } from "../softphone/context";
import { canSpeak } from "../softphone/devices";
import { Button } from "../ui/button";
import { Copyable } from "../ui/copyable";
import { Card, Facts } from "../ui/page";
import styles from "./connect-phone.module.css";
import { useConnection } from "./queries";

interface ConnectProps {
  number: string;
  secret?: string;
  hasWebPhone: boolean;
  action?: ReactNode;
}

export function ConnectPhone({ number, secret, hasWebPhone, action }: ConnectProps) {
  const { t } = useTranslation("extensions");
  const connection = useConnection();
  const phone = usePhone();
  const sip = connection.data?.sip;
  return (
    <Card title={t("connect.title")} actions={action}>
      <Facts
        facts={[
          { term: t("connect.server"), value: sip ? <Copyable value={sip.host} label={t("connect.server")} /> : "…" },
          { term: t("connect.ports"), value: sip ? t("connect.portsValue", sip) : "…" },
          { term: t("connect.user"), value: <Copyable value={number} label={t("connect.user")} /> },
          {
            term: t("connect.secret"),
            value: secret ? <Copyable value={secret} label={t("connect.secret")} /> : t("connect.secretHidden"),
          },
        ]}
      />
      {hasWebPhone && canSpeak() && phone.state.extension !== number && (
        <div className={styles.browser}>
          {t("connect.browser", { number })}
          <Button
            size="sm"
            onPress={() => phone.send({ do: "choose", extension: number })}
            data-testid="use-this-browser"
          >
            {t("connect.browserAction")}
          </Button>
        </div>
      )}
    </Card>
  );
}
