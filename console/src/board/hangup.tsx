/** Asks before a call is ended for the people in it. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "../api/client";
import { ApiError } from "../api/problem";
import { Confirm } from "../ui/overlay";
import { messageOf } from "../ui/states";
import { toast } from "../ui/toasts";
import { partyOf } from "./calls";
import { useBoard } from "./context";

export function ConfirmHangup({ callId, onClose }: { callId: string; onClose: () => void }) {
  const { t } = useTranslation("board");
  const { t: common } = useTranslation();
  const { store } = useBoard();
  const hangup = useMutation({
    mutationFn: () => request("POST", `/calls/${encodeURIComponent(callId)}/hangup`),
    onSuccess: () => toast(t("hangup.done")),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 404) toast(t("hangup.gone"), "info");
      else toast(messageOf(error, common), "bad");
    },
    onSettled: onClose,
  });
  const [caller, ...others] = store.calls.get(callId)?.legs ?? [];
  const from = partyOf(caller) || t("calls.unknown");
  const to = others.map(partyOf).filter(Boolean).join(", ");
  return (
    <Confirm
      isOpen
      title={t("hangup.title")}
      action={t("hangup.action")}
      isPending={hangup.isPending}
      onConfirm={() => hangup.mutate()}
      onClose={onClose}
    >
      <p>{to ? t("hangup.text", { from, to }) : t("hangup.textAlone", { from })}</p>
    </Confirm>
  );
}
