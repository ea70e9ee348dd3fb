/** Deletes at once, after one question, and offers to take it back. */
import { useTranslation } from "react-i18next";
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
  // By promise: the dialog is long gone when somebody presses Undo, and its callbacks with it.
  const takeBack = (change: number) =>
    undo.mutateAsync(change).then(
      () => toast(t("delete.undone", { number })),
      (error: unknown) => toast(messageOf(error, common), "bad"),
    );
  const confirm = () =>
    remove.mutate(number, {
      onSuccess: ({ change }) => {
        toast(t("delete.done", { number }), "good", { label: common("undo"), run: () => takeBack(change) });
        onDeleted?.();
        onClose();
      },
      onError: (error) => {
        toast(messageOf(error, common), "bad");
        onClose();
      },
    });
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
    </Confirm>
  );
}
