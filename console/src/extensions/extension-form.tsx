/** The fields of an extension, in the order in which people think of them; the rare ones are folded away. */
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { Button, Disclosure, DisclosurePanel, Heading } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Codec, DtmfMode, ExtensionFields } from "../api/types";
import { Checkbox, NumberField, SelectField, SwitchField, TextAreaField, TextField } from "../ui/fields";
import styles from "./extension-form.module.css";
import { CODECS } from "./fields";

export interface FormProps {
  fields: ExtensionFields;
  onChange: (fields: ExtensionFields) => void;
  errors: Record<string, string[]>;
  isNew?: boolean;
}

type NumberName = "ring_s" | "max_contacts" | "register_expiry_s" | "qualify_s" | "rtp_timeout_s";

const LIMITS: Record<NumberName, [number, number]> = {
  ring_s: [5, 600],
  max_contacts: [1, 5],
  register_expiry_s: [60, 86_400],
  qualify_s: [0, 3_600],
  rtp_timeout_s: [0, 3_600],
};

const ADVANCED: readonly string[] = [
  "register_expiry_s",
  "srtp",
  "codecs",
  "dtmf_mode",
  "nat",
  "qualify_s",
  "permit_ip",
  "rtp_timeout_s",
  "music_on_hold",
];

export function ExtensionForm(props: FormProps) {
  const { t } = useTranslation("extensions");
  const { fields, onChange, isNew } = props;
  const set = (parts: Partial<ExtensionFields>) => onChange({ ...fields, ...parts });
  const hasHiddenError = ADVANCED.some((name) => name in props.errors);
  return (
    <div className={styles.form}>
      <div className={styles.pair}>
        <Text {...props} name="number" mono hint={isNew ? t("hint.number") : undefined} autoFocus={isNew} />
        <Text {...props} name="name" hint={t("hint.name")} />
      </div>
      <Text {...props} name="email" type="email" />
      <div className={styles.pair}>
        <Whole {...props} name="ring_s" hint={t("hint.ring_s")} />
        <Whole {...props} name="max_contacts" hint={t("hint.max_contacts")} />
      </div>
      <SwitchField
        label={t("field.web_phone")}
        hint={t("hint.web_phone")}
        isSelected={fields.web_phone}
        onChange={(web_phone) => set({ web_phone })}
      />
      <Disclosure className={styles.more} defaultExpanded={false} {...(hasHiddenError && { isExpanded: true })}>
        <Heading level={3} className={styles.moreHeading}>
          <Button slot="trigger" className={styles.moreButton}>
            <ChevronRight aria-hidden />
            {t("advanced")}
          </Button>
        </Heading>
        <DisclosurePanel>
          <Advanced {...props} set={set} />
        </DisclosurePanel>
      </Disclosure>
    </div>
  );
}

function Advanced({ set, ...props }: FormProps & { set: (parts: Partial<ExtensionFields>) => void }) {
  const { t } = useTranslation("extensions");
  const { fields, errors } = props;
  const modes: readonly DtmfMode[] = ["rfc4733", "inband", "info", "auto"];
  return (
    <div className={styles.advanced}>
      <Codecs {...props} />
      <SelectField
        label={t("field.dtmf_mode")}
        choices={modes.map((id) => ({ id, label: t(`dtmf.${id}`) }))}
        value={fields.dtmf_mode}
        onChange={(mode) => set({ dtmf_mode: mode as DtmfMode })}
      />
      <SwitchField
        label={t("field.srtp")}
        hint={t("hint.srtp")}
        isSelected={fields.srtp}
        onChange={(srtp) => set({ srtp })}
      />
      <SwitchField
        label={t("field.nat")}
        hint={t("hint.nat")}
        isSelected={fields.nat}
        onChange={(nat) => set({ nat })}
      />
      <div className={styles.pair}>
        <Whole {...props} name="register_expiry_s" />
        <Whole {...props} name="qualify_s" hint={t("hint.qualify_s")} />
        <Whole {...props} name="rtp_timeout_s" hint={t("hint.rtp_timeout_s")} />
        <Text {...props} name="music_on_hold" />
      </div>
      <TextAreaField
        name="permit_ip"
        label={t("field.permit_ip")}
        hint={t("hint.permit_ip")}
        value={fields.permit_ip.join("\n")}
        onChange={(text) => set({ permit_ip: text.split("\n") })}
        errors={errors.permit_ip}
      />
    </div>
  );
}

interface TextProps extends FormProps {
  name: "number" | "name" | "email" | "music_on_hold";
  hint?: ReactNode;
  type?: "email";
  mono?: boolean;
  autoFocus?: boolean;
}

function Text({ fields, onChange, errors, name, isNew: _isNew, ...rest }: TextProps) {
  const { t } = useTranslation("extensions");
  return (
    <TextField
      {...rest}
      name={name}
      label={t(`field.${name}`)}
      value={fields[name]}
      onChange={(value) => onChange({ ...fields, [name]: value })}
      errors={errors[name]}
      autoComplete="off"
    />
  );
}

function Whole({ fields, onChange, errors, name, hint }: FormProps & { name: NumberName; hint?: string }) {
  const { t } = useTranslation("extensions");
  const [least, most] = LIMITS[name];
  return (
    <NumberField
      name={name}
      label={t(`field.${name}`)}
      hint={hint}
      minValue={least}
      maxValue={most}
      formatOptions={{ useGrouping: false }}
      value={fields[name]}
      onChange={(value) => onChange({ ...fields, [name]: Number.isNaN(value) ? fields[name] : value })}
      errors={errors[name]}
    />
  );
}

/** Checked codecs keep their order; a newly checked one goes to the end. */
function Codecs({ fields, onChange, errors }: FormProps) {
  const { t } = useTranslation("extensions");
  const toggle = (codec: Codec, on: boolean) =>
    onChange({ ...fields, codecs: on ? [...fields.codecs, codec] : fields.codecs.filter((one) => one !== codec) });
  return (
    <fieldset className={styles.codecs}>
      <legend>{t("field.codecs")}</legend>
      <div className={styles.checks}>
        {[...fields.codecs, ...CODECS.filter((codec) => !fields.codecs.includes(codec))].map((codec) => (
          <Checkbox key={codec} isSelected={fields.codecs.includes(codec)} onChange={(on) => toggle(codec, on)}>
            {codec}
          </Checkbox>
        ))}
      </div>
      <p className={styles.hint}>{t("hint.codecs")}</p>
      {errors.codecs?.map((error) => (
        <p key={error} className={styles.error} role="alert">
          {error}
        </p>
      ))}
    </fieldset>
  );
}
