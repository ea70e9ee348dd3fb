/** Create many extensions: a preview first, then all or none, then their secrets once. */
import { useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/problem";
import type { WithSecret } from "../api/types";
import { useWholeBoard } from "../board/context";
import { Button } from "../ui/button";
import { copyText } from "../ui/copyable";
import { NumberField, TextField } from "../ui/fields";
import { SidePanel } from "../ui/overlay";
import { messageOf, Notice } from "../ui/states";
import table from "../ui/table.module.css";
import { asTable, bulkNumbers, MOST } from "./bulk";
import styles from "./extension-form.module.css";
import { type Bulk, useBulk } from "./queries";

const FORM = "create-many";
const NAMED = 5;

export function BulkPanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const [bulk, setBulk] = useState<Bulk>({ start: "", count: 10, name: "" });
  const create = useBulk();
  const numbers = bulkNumbers(bulk.start, bulk.count);
  if (create.data) return <Created items={create.data.items} isPublished={create.data.published} onClose={onClose} />;
  return (
    <SidePanel
      isOpen
      title={t("many.title")}
      onClose={onClose}
      data-testid="bulk-panel"
      footer={
        <>
          <Button onPress={onClose}>{common("cancel")}</Button>
          <Button
            type="submit"
            form={FORM}
            variant="primary"
            isDisabled={numbers.length === 0}
            isPending={create.isPending}
            data-testid="create-many"
          >
            {t("many.action", { count: numbers.length })}
          </Button>
        </>
      }
    >
      <Form
        id={FORM}
        validationBehavior="aria"
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(bulk);
        }}
      >
        <Inputs bulk={bulk} onChange={setBulk} error={create.error} />
        <Preview numbers={numbers} />
      </Form>
    </SidePanel>
  );
}

interface InputsProps {
  bulk: Bulk;
  onChange: (bulk: Bulk) => void;
  error: Error | null;
}

function Inputs({ bulk, onChange, error }: InputsProps) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const errors = error instanceof ApiError ? error.byField() : {};
  return (
    <>
      {error && Object.keys(errors).length === 0 && (
        <Notice tone="bad" role="alert">
          {messageOf(error, common)}
        </Notice>
      )}
      <div className={styles.pair}>
        <TextField
          name="start"
          label={t("many.start")}
          value={bulk.start}
          onChange={(start) => onChange({ ...bulk, start })}
          errors={[...(errors.start ?? []), ...(errors.number ?? [])]}
          mono
          autoFocus
          autoComplete="off"
        />
        <NumberField
          name="count"
          label={t("many.count")}
          minValue={1}
          maxValue={MOST}
          value={bulk.count}
          onChange={(count) => onChange({ ...bulk, count })}
          errors={errors.count}
        />
      </div>
      <TextField
        name="name"
        label={t("many.name")}
        hint={t("many.nameHint")}
        value={bulk.name}
        onChange={(name) => onChange({ ...bulk, name })}
        errors={errors.name}
        autoComplete="off"
      />
    </>
  );
}

function Preview({ numbers }: { numbers: readonly string[] }) {
  const { t } = useTranslation("extensions");
  const board = useWholeBoard();
  const [first, last] = [numbers[0], numbers.at(-1)];
  if (!first || !last) return <Notice tone="info">{t("many.previewNone")}</Notice>;
  const taken = numbers.filter((number) => board.line(`1/${number}`));
  if (taken.length > 0) {
    const named = taken.slice(0, NAMED).join(", ") + (taken.length > NAMED ? ", …" : "");
    return (
      <Notice tone="warn" role="status">
        {t("many.taken", { numbers: named })}
      </Notice>
    );
  }
  return (
    <Notice tone="good" role="status" data-testid="bulk-preview">
      {first === last ? t("many.previewOne", { first }) : t("many.preview", { first, last })}
    </Notice>
  );
}

interface CreatedProps {
  items: readonly WithSecret[];
  isPublished: boolean;
  onClose: () => void;
}

function Created({ items, isPublished, onClose }: CreatedProps) {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(asTable(items));
    setCopied(true);
  };
  return (
    <SidePanel
      isOpen
      title={t("many.done", { count: items.length })}
      onClose={onClose}
      data-testid="bulk-created"
      footer={
        <>
          <Button onPress={copy}>{isCopied ? t("many.copiedAll") : t("many.copyAll")}</Button>
          <Button variant="primary" onPress={onClose}>
            {common("done")}
          </Button>
        </>
      }
    >
      <Notice tone="warn">{t("many.secrets")}</Notice>
      {!isPublished && <Notice tone="warn">{t("notPublished")}</Notice>}
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t("column.number")}</th>
            <th scope="col">{t("connect.secret")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.number}>
              <td className="numeric">{item.number}</td>
              <td>
                <code>{item.secret}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </SidePanel>
  );
}
