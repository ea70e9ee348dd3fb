/** Sign-in: the first thing anybody sees. */
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import { ApiError } from "../api/problem";
import type { Session } from "../api/types";
import { Logo } from "../shell/logo";
import { Button } from "../ui/button";
import { TextField } from "../ui/fields";
import { messageOf, Notice } from "../ui/states";
import styles from "./signin.module.css";

export default function SignIn({ onSignedIn }: { onSignedIn: (session: Session) => void }) {
  const { t } = useTranslation("signin");
  const { t: common } = useTranslation();
  useEffect(() => {
    document.title = `${t("title")} · ${common("product")}`;
  }, [t, common]);
  const signIn = useMutation({
    mutationFn: (form: FormData) =>
      request<Session>("POST", "/session", {
        body: { username: String(form.get("username")), password: String(form.get("password")) },
      }),
    onSuccess: onSignedIn,
  });
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <header className={styles.brand}>
          <Logo />
          <h1 className={styles.product}>{common("product")}</h1>
          <p className={styles.tagline}>{t("tagline")}</p>
        </header>
        <Form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            signIn.mutate(new FormData(event.currentTarget));
          }}
        >
          {signIn.error && <Refusal error={signIn.error} />}
          <TextField name="username" label={t("username")} autoComplete="username" autoFocus isRequired />
          <TextField name="password" label={t("password")} type="password" autoComplete="current-password" isRequired />
          <Button type="submit" variant="primary" isPending={signIn.isPending}>
            {t("submit")}
          </Button>
        </Form>
        {!window.isSecureContext && (
          <p className={styles.note}>
            {t("insecure")} <a href="/install-certificate">{t("insecureLink")}</a>
          </p>
        )}
      </div>
    </main>
  );
}

function Refusal({ error }: { error: Error }) {
  const { t } = useTranslation("signin");
  const { t: common } = useTranslation();
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 401) {
    return (
      <Notice tone="bad" role="alert" title={t("wrong")}>
        {t("wrongHint")}
      </Notice>
    );
  }
  return (
    <Notice tone="bad" role="alert">
      {status === 429 ? t("tooMany") : messageOf(error, common)}
    </Notice>
  );
}
