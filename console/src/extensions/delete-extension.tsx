/** Deletes at once, after one question, and offers to take it back. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Deleted } from "../api/types";
import { Checkbox } from "../ui/fields";
import { Confirm } from "../ui/overlay";
import { messageOf } from "../ui/states";
import { toast } from "../ui/toasts";
import { useDelete, useUndo } from "./queries";

interface DeleteProps {
  number: string;
  onClose: () => void;
  onDeleted?: () => void;
}

export function DeleteExtension({ number, onClose, onDeleted }: DeleteProps) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const remove = useDelete();
  const undo = useUndo();
  const [endCalls, setEndCalls] = useState(false);
  // By promise: the dialog is long gone when somebody presses Undo, and its callbacks with it.
  const takeBack = (change: number) =>
    undo.mutateAsync(change).then(
      () => toast(t("delete.undone", { number })),
      (error: unknown) => toast(messageOf(error, common), "bad"),
    );
  const done = ({ channels }: Deleted) => {
    if (!endCalls) return t("delete.done", { number });
    return channels === null ? t("delete.notEnded", { number }) : t("delete.ended", { number, count: channels });
  };
  const confirm = () =>
    remove.mutate(
      { number, endCalls },
      {
        onSuccess: (deleted) => {
          toast(done(deleted), "good", { label: common("undo"), run: () => takeBack(deleted.change) });
          onDeleted?.();
          onClose();
        },
        onError: (error) => {
          toast(messageOf(error, common), "bad");
          onClose();
        },
      },
    );
  return (
    <Confirm
      isOpen
      title={t("delete.title", { number })}
      action={t("delete.action")}
      isPending={remove.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>{t("delete.text")}</p>
      <Checkbox isSelected={endCalls} onChange={setEndCalls}>
        {t("delete.endCalls")}
      </Checkbox>
    </Confirm>
  );
}
