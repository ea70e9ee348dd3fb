/** Change one's password; offered at once to who signed in with a generated one. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import { ApiError } from "../api/problem";
import { useSession } from "../session/session";
import { Button } from "../ui/button";
import { TextField } from "../ui/fields";
import { Dialog } from "../ui/overlay";
import { messageOf, Notice } from "../ui/states";
import { toast } from "../ui/toasts";
import styles from "./signin.module.css";

const LEAST = 10;

export function ChangePassword({ isOffer, onClose }: { isOffer?: boolean; onClose: () => void }) {
  const { t } = useTranslation("signin");
  const { t: common } = useTranslation();
  const { refresh, user } = useSession();
  const [fresh, setFresh] = useState("");
  const change = useMutation({
    mutationFn: (form: FormData) =>
      request("POST", "/session/password", { body: { current: form.get("current"), new: form.get("new") } }),
    onSuccess: async () => {
      toast(t("change.done"));
      onClose();
      await refresh();
    },
  });
  const fields = change.error instanceof ApiError ? change.error.byField() : {};
  return (
    <Dialog title={t("change.title")} isOpen onClose={onClose} data-testid="change-password">
      <Form
        className={styles.form}
        validationErrors={fields}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(new FormData(event.currentTarget));
        }}
      >
        {isOffer && <p>{t("change.intro")}</p>}
        {change.error && Object.keys(fields).length === 0 && (
          <Notice tone="bad" role="alert">
            {messageOf(change.error, common)}
          </Notice>
        )}
        <input hidden readOnly autoComplete="username" value={user.username} />
        <TextField
          name="current"
          type="password"
          label={t("change.current")}
          autoComplete="current-password"
          autoFocus
          isRequired
        />
        <TextField
          name="new"
          type="password"
          label={t("change.new")}
          hint={t("change.rule", { least: LEAST })}
          autoComplete="new-password"
          value={fresh}
          onChange={setFresh}
          validate={(value) => (value.length < LEAST ? t("change.short", { least: LEAST }) : null)}
          isRequired
        />
        <TextField
          name="repeat"
          type="password"
          label={t("change.repeat")}
          autoComplete="new-password"
          validate={(value) => (value !== fresh ? t("change.differs") : null)}
          isRequired
        />
        <Button type="submit" variant="primary" isPending={change.isPending}>
          {t("change.submit")}
        </Button>
        {isOffer && (
          <Button variant="quiet" onPress={onClose}>
            {t("change.later")}
          </Button>
        )}
      </Form>
    </Dialog>
  );
}
