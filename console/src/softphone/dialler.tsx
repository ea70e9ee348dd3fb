/** Type or press a number, then call it. */
import { Delete, Phone as PhoneIcon } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../ui/button";
import { TextField } from "../ui/fields";
import styles from "./dialler.module.css";
import { Keypad } from "./keypad";
import { dialable } from "./model";

export function Dialler({ isReady, onCall }: { isReady: boolean; onCall: (number: string) => void }) {
  const { t } = useTranslation("phone");
  const [text, setText] = useState("");
  const number = dialable(text);
  const isWrong = text !== "" && number === "";
  return (
    <Form
      className={styles.dialler}
      onSubmit={(event) => {
        event.preventDefault();
        if (!number || !isReady) return;
        onCall(number);
        setText("");
      }}
    >
      <TextField
        label={t("number")}
        placeholder={t("numberHint")}
        value={text}
        onChange={setText}
        type="tel"
        autoComplete="off"
        isInvalid={isWrong}
        hint={isWrong ? t("badNumber") : undefined}
        data-testid="phone-number"
        after={
          text && (
            <IconButton size="sm" label={t("erase")} onPress={() => setText(text.slice(0, -1))}>
              <Delete aria-hidden />
            </IconButton>
          )
        }
      />
      <Keypad onKey={(key) => setText(text + key)} />
      <Button
        type="submit"
        variant="primary"
        icon={<PhoneIcon aria-hidden />}
        isDisabled={!isReady || !number}
        data-testid="phone-call"
      >
        {t("call")}
      </Button>
    </Form>
  );
}
