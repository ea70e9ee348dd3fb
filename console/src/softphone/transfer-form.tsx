import { useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { TextField } from "../ui/fields";
import styles from "./dialler.module.css";
import { dialable } from "./model";

interface TransferFormProps {
  onTransfer: (number: string) => void;
  /** Call that number first, with this call on hold. */
  onAsk: (number: string) => void;
}

/** Where the other party shall go: at once, or after a word with whoever takes over. */
export function TransferForm({ onTransfer, onAsk }: TransferFormProps) {
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
      <div className={styles.pair}>
        <Button type="submit" isDisabled={!number} data-testid="phone-transfer">
          {t("do.transferNow")}
        </Button>
        <Button isDisabled={!number} onPress={() => onAsk(number)} data-testid="phone-ask-first">
          {t("do.askFirst")}
        </Button>
      </div>
    </Form>
  );
}
