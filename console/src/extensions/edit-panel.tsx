/** Change one extension. Two people may have it open; whoever saves second is told what the first one changed. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Versioned } from "../api/client";
import type { Extension } from "../api/types";
import { Button } from "../ui/button";
import { Confirm, SidePanel } from "../ui/overlay";
import { Failed, Skeleton } from "../ui/states";
import { ConnectPhone } from "./connect-phone";
import { DeleteExtension } from "./delete-extension";
import { EditForm, FORM } from "./edit-form";
import { useExtension } from "./queries";
import { NewSecret, SecretOnce } from "./secret";

export function EditPanel({ number, onClose }: { number: string; onClose: () => void }) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const read = useExtension(number);
  const [first, setFirst] = useState<Versioned<Extension>>();
  const [isDirty, setDirty] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const [isSaving, setSaving] = useState(false);
  if (read.data && read.isFetchedAfterMount && !first) setFirst(read.data);
  const leave = () => (isDirty ? setLeaving(true) : onClose());
  return (
    <SidePanel
      isOpen
      title={t("edit.title", { number })}
      onClose={leave}
      data-testid="edit-panel"
      footer={
        first && (
          <>
            <Button variant="quiet" onPress={() => setDeleting(true)}>
              {common("delete")}
            </Button>
            <Button onPress={leave}>{common("cancel")}</Button>
            <Button
              type="submit"
              form={FORM}
              variant="primary"
              isDisabled={!isDirty}
              isPending={isSaving}
              data-testid="save-extension"
            >
              {common("save")}
            </Button>
          </>
        )
      }
    >
      {!first && read.isPending && <Skeleton />}
      {!first && read.isError && <Failed error={read.error} onRetry={() => read.refetch()} />}
      {first && (
        <>
          <EditForm
            first={first}
            reread={async () => (await read.refetch({ throwOnError: true })).data as Versioned<Extension>}
            onDirty={setDirty}
            onSaving={setSaving}
            onSaved={onClose}
          />
          <Phones extension={first.value} />
        </>
      )}
      <Confirm
        isOpen={isLeaving}
        title={t("discard.title")}
        action={t("discard.action")}
        onConfirm={onClose}
        onClose={() => setLeaving(false)}
      >
        <p>{t("discard.text")}</p>
      </Confirm>
      {isDeleting && <DeleteExtension number={number} onClose={() => setDeleting(false)} onDeleted={onClose} />}
    </SidePanel>
  );
}

function Phones({ extension }: { extension: Extension }) {
  const [secret, setSecret] = useState("");
  return (
    <>
      {secret && <SecretOnce secret={secret} number={extension.number} />}
      <ConnectPhone
        number={extension.number}
        secret={secret}
        hasWebPhone={extension.web_phone}
        action={<NewSecret number={extension.number} onMade={setSecret} />}
      />
    </>
  );
}
