/** SIP secrets: shown once, made anew on request. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Copyable } from "../ui/copyable";
import { Confirm } from "../ui/overlay";
import { messageOf, Notice } from "../ui/states";
import { toast } from "../ui/toasts";
import { useNewSecret } from "./queries";
import styles from "./secret.module.css";

export function SecretOnce({ secret, number }: { secret: string; number: string }) {
  const { t } = useTranslation("extensions");
  return (
    <section className={styles.secret} aria-label={t("secret.title", { number })}>
      <Copyable value={secret} label={t("connect.secret")} data-testid="secret" />
      <Notice tone="warn">{t("secret.once")}</Notice>
    </section>
  );
}

export function NewSecret({ number, onMade }: { number: string; onMade: (secret: string) => void }) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  const make = useNewSecret(number);
  return (
    <>
      <Button size="sm" onPress={() => setAsking(true)} data-testid="new-secret">
        {t("secret.make")}
      </Button>
      <Confirm
        isOpen={isAsking}
        variant="primary"
        title={t("secret.make")}
        action={t("secret.makeAction")}
        isPending={make.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          make.mutate(undefined, {
            onSuccess: ({ secret }) => onMade(secret),
            onError: (error) => toast(messageOf(error, common), "bad"),
            onSettled: () => setAsking(false),
          })
        }
      >
        <p>{t("secret.makeText")}</p>
      </Confirm>
    </>
  );
}
