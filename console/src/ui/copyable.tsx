/** A value that people carry elsewhere (a secret, an address), with a button that copies it. */
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./button";
import styles from "./copyable.module.css";

const SAID_MS = 2_000;

export function Copyable({ value, label, ...rest }: { value: string; label: string; "data-testid"?: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <span className={styles.copyable}>
      <code {...rest}>{value}</code>
      <IconButton size="sm" label={copied ? t("copied") : t("copy", { what: label })} onPress={copy}>
        {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
      </IconButton>
    </span>
  );
}

/** Secure origins alone have the clipboard interface, and browsers may refuse it; the old command works on all. */
export async function copyText(value: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
    return;
  } catch {}
  const area = document.createElement("textarea");
  area.value = value;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
