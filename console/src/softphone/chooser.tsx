/** Which extension is this browser? */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { query, request } from "../api/client";
import type { Extension, Page } from "../api/types";
import { SearchField } from "../ui/fields";
import { Failed, Skeleton } from "../ui/states";
import styles from "./chooser.module.css";

const SHOWN = 8;

export function Chooser({ onChosen }: { onChosen: (extension: string) => void }) {
  const { t } = useTranslation("phone");
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["extensions", "choose", q],
    queryFn: ({ signal }) => request<Page<Extension>>("GET", `/extensions${query({ q, limit: SHOWN })}`, { signal }),
    placeholderData: keepPreviousData,
  });
  const choose = (number: string) => {
    // Asked here, where a click allows it; a call that rings later could not.
    if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
    onChosen(number);
  };
  const usable = found.data?.items.filter((extension) => extension.web_phone) ?? [];
  return (
    <div className={styles.chooser}>
      <div>
        <strong>{t("choose.title")}</strong>
        <p className={styles.quiet}>{t("choose.text")}</p>
      </div>
      <SearchField label={t("choose.search")} value={text} onChange={setText} autoFocus />
      {found.isPending && <Skeleton rows={3} />}
      {found.isError && <Failed error={found.error} onRetry={() => found.refetch()} />}
      {found.isSuccess && usable.length === 0 && <p className={styles.quiet}>{t("choose.none")}</p>}
      <ul className={styles.list}>
        {usable.map((extension) => (
          <li key={extension.number}>
            <button
              type="button"
              className={styles.option}
              onClick={() => choose(extension.number)}
              data-testid={`choose-${extension.number}`}
            >
              <strong className="numeric">{extension.number}</strong>
              <span className={styles.name}>{extension.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
