/** Create one extension; afterwards the panel shows its secret, once, and how to connect a phone. */
import { useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/problem";
import { Button } from "../ui/button";
import { SidePanel } from "../ui/overlay";
import { messageOf, Notice } from "../ui/states";
import { ConnectPhone } from "./connect-phone";
import { ExtensionForm } from "./extension-form";
import { creation, NEW } from "./fields";
import { useCreate } from "./queries";
import { SecretOnce } from "./secret";

const FORM = "create-extension";

export function CreatePanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const [fields, setFields] = useState(NEW);
  const create = useCreate();
  const errors = create.error instanceof ApiError ? create.error.byField() : {};
  const created = create.data;
  if (created) {
    return (
      <SidePanel
        isOpen
        title={t("created", { number: created.number })}
        onClose={onClose}
        data-testid="created-panel"
        footer={
          <Button variant="primary" onPress={onClose}>
            {common("done")}
          </Button>
        }
      >
        {!created.published && <Notice tone="warn">{t("notPublished")}</Notice>}
        <SecretOnce secret={created.secret} number={created.number} />
        <ConnectPhone number={created.number} secret={created.secret} hasWebPhone={fields.web_phone} />
      </SidePanel>
    );
  }
  return (
    <SidePanel
      isOpen
      title={t("edit.createTitle")}
      onClose={onClose}
      data-testid="create-panel"
      footer={
        <>
          <Button onPress={onClose}>{common("cancel")}</Button>
          <Button
            type="submit"
            form={FORM}
            variant="primary"
            isPending={create.isPending}
            data-testid="create-extension"
          >
            {t("create")}
          </Button>
        </>
      }
    >
      <Form
        id={FORM}
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(creation(fields));
        }}
      >
        {create.error && Object.keys(errors).length === 0 && (
          <Notice tone="bad" role="alert">
            {messageOf(create.error, common)}
          </Notice>
        )}
        <ExtensionForm fields={fields} onChange={setFields} errors={errors} isNew />
      </Form>
    </SidePanel>
  );
}
