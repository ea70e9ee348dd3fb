/** The form of an existing extension: what it sends, and what happens when somebody else was faster. */
import { useEffect, useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Versioned } from "../api/client";
import { ApiError } from "../api/problem";
import type { Extension, ExtensionFields } from "../api/types";
import { messageOf, Notice } from "../ui/states";
import { toast } from "../ui/toasts";
import { Conflict } from "./conflict";
import { ExtensionForm } from "./extension-form";
import { type Clash, changed, clashes, fieldsOf, merged } from "./fields";
import { useChange } from "./queries";

export const FORM = "edit-extension";

interface EditFormProps {
  first: Versioned<Extension>;
  reread: () => Promise<Versioned<Extension>>;
  onDirty: (isDirty: boolean) => void;
  onSaving: (isSaving: boolean) => void;
  onSaved: () => void;
}

interface Base {
  fields: ExtensionFields;
  etag: string;
}

export function EditForm({ first, reread, onDirty, onSaving, onSaved }: EditFormProps) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const [base, setBase] = useState<Base>({ fields: fieldsOf(first.value), etag: first.etag });
  const [mine, setMine] = useState(base.fields);
  const [clashing, setClashing] = useState<Clash[] | null>(null);
  const change = useChange(first.value.number);
  const isDirty = Object.keys(changed(base.fields, mine)).length > 0;
  useEffect(() => onDirty(isDirty), [isDirty, onDirty]);
  useEffect(() => onSaving(change.isPending), [change.isPending, onSaving]);

  const save = (from: Base, fields: ExtensionFields) =>
    change.mutate(
      { fields: cleaned(changed(from.fields, fields)), etag: from.etag },
      {
        onSuccess: ({ value }) => {
          toast(
            value.published ? t("saved", { number: value.number }) : t("notPublished"),
            value.published ? "good" : "warn",
          );
          onSaved();
        },
        onError: (error) => {
          if (error instanceof ApiError && error.status === 412) void rebase();
        },
      },
    );

  const rebase = async () => {
    const theirs = await reread();
    const fields = fieldsOf(theirs.value);
    setClashing(clashes(base.fields, mine, fields));
    setMine(merged(base.fields, mine, fields));
    setBase({ fields, etag: theirs.etag });
  };

  const isConflict = change.error instanceof ApiError && change.error.status === 412;
  const errors = change.error instanceof ApiError ? change.error.byField() : {};
  return (
    <Form
      id={FORM}
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        save(base, mine);
      }}
    >
      {clashing && (
        <Conflict
          clashes={clashing}
          onTakeTheirs={() => {
            setMine({ ...mine, ...Object.fromEntries(clashing.map(({ field, theirs }) => [field, theirs])) });
            setClashing(null);
          }}
          onKeepMine={() => {
            setClashing(null);
            save(base, mine);
          }}
        />
      )}
      {change.error && !isConflict && Object.keys(errors).length === 0 && (
        <Notice tone="bad" role="alert">
          {messageOf(change.error, common)}
        </Notice>
      )}
      <ExtensionForm fields={mine} onChange={setMine} errors={errors} />
    </Form>
  );
}

/** A text area has empty lines; a list of addresses has not. */
function cleaned(fields: Partial<ExtensionFields>): Partial<ExtensionFields> {
  if (!fields.permit_ip) return fields;
  return { ...fields, permit_ip: fields.permit_ip.map((line) => line.trim()).filter(Boolean) };
}
