import { useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { TextField } from "../ui/fields";
import styles from "./dialler.module.css";
import { dialable } from "./model";

export function TransferForm({ onTransfer }: { onTransfer: (number: string) => void }) {
  const { t } = useTranslation("phone");
  const [text, setText] = useState("");
  const number = dialable(text);
  return (
    <Form
      className={styles.dialler}
      onSubmit={(event) => {
        event.preventDefault();
        if (number) onTransfer(number);
      }}
    >
      <TextField
        label={t("do.transferTo")}
        value={text}
        onChange={setText}
        type="tel"
        autoComplete="off"
        autoFocus
        data-testid="phone-transfer-number"
      />
      <Button type="submit" isDisabled={!number} data-testid="phone-transfer">
        {t("do.transferNow")}
      </Button>
    </Form>
  );
}
