/** Form fields: label, control, hint and the server's error, wired together for assistive technology by React Aria. */
import { Check, ChevronDown, Minus, Plus, Search, X } from "lucide-react";
import type { ReactNode } from "react";
import {
  Button as AriaButton,
  Checkbox as AriaCheckbox,
  type CheckboxProps as AriaCheckboxProps,
  NumberField as AriaNumberField,
  type NumberFieldProps as AriaNumberFieldProps,
  SearchField as AriaSearchField,
  type SearchFieldProps as AriaSearchFieldProps,
  Select as AriaSelect,
  Switch as AriaSwitch,
  type SwitchProps as AriaSwitchProps,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
  FieldError,
  Group,
  Input,
  type Key,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
  Text,
  TextArea,
} from "react-aria-components";
import { useTranslation } from "react-i18next";
import styles from "./fields.module.css";

interface Around {
  label: string;
  hint?: ReactNode;
  /** What the server says of this field. */
  errors?: readonly string[];
  "data-testid"?: string;
}

type Plain<P> = Omit<P, "className" | "style" | "children">;

export interface TextFieldProps extends Plain<AriaTextFieldProps>, Around {
  placeholder?: string;
  mono?: boolean;
  after?: ReactNode;
}

export function TextField({ label, hint, errors, placeholder, mono, after, ...rest }: TextFieldProps) {
  return (
    <AriaTextField {...rest} {...refused(errors)} className={styles.field}>
      <Label className={styles.label}>{label}</Label>
      <Group className={styles.control}>
        <Input className={`${styles.input} ${mono ? styles.mono : ""}`} placeholder={placeholder} />
        {after}
      </Group>
      <Below hint={hint} errors={errors} />
    </AriaTextField>
  );
}

export interface TextAreaFieldProps extends Plain<AriaTextFieldProps>, Around {}

export function TextAreaField({ label, hint, errors, ...rest }: TextAreaFieldProps) {
  return (
    <AriaTextField {...rest} {...refused(errors)} className={styles.field}>
      <Label className={styles.label}>{label}</Label>
      <TextArea className={styles.area} rows={3} />
      <Below hint={hint} errors={errors} />
    </AriaTextField>
  );
}

export interface NumberFieldProps extends Plain<AriaNumberFieldProps>, Around {}

export function NumberField({ label, hint, errors, ...rest }: NumberFieldProps) {
  return (
    <AriaNumberField {...rest} {...refused(errors)} className={styles.field}>
      <Label className={styles.label}>{label}</Label>
      <Group className={styles.control}>
        <Input className={`${styles.input} numeric`} />
        <AriaButton slot="decrement" className={styles.step}>
          <Minus aria-hidden />
        </AriaButton>
        <AriaButton slot="increment" className={styles.step}>
          <Plus aria-hidden />
        </AriaButton>
      </Group>
      <Below hint={hint} errors={errors} />
    </AriaNumberField>
  );
}

export interface SearchFieldProps extends Plain<AriaSearchFieldProps>, Around {
  placeholder?: string;
}

export function SearchField({ label, placeholder, ...rest }: SearchFieldProps) {
  return (
    <AriaSearchField {...rest} aria-label={label} className={styles.search}>
      <Search aria-hidden className={styles.searchIcon} />
      <Input className={styles.searchInput} placeholder={placeholder ?? label} />
      <AriaButton className={styles.clear}>
        <X aria-hidden />
      </AriaButton>
    </AriaSearchField>
  );
}

export interface Choice {
  id: string;
  label: string;
}

export interface SelectFieldProps extends Around {
  choices: readonly Choice[];
  value: string;
  onChange: (value: string) => void;
  name?: string;
  isDisabled?: boolean;
  compact?: boolean;
}

export function SelectField({ label, hint, choices, value, onChange, compact, ...rest }: SelectFieldProps) {
  const { t } = useTranslation();
  return (
    <AriaSelect
      {...rest}
      aria-label={compact ? label : undefined}
      className={compact ? styles.compact : styles.field}
      value={value}
      onChange={(key: Key | null) => key !== null && onChange(String(key))}
      placeholder={t("choose")}
    >
      {!compact && <Label className={styles.label}>{label}</Label>}
      <AriaButton className={styles.select}>
        <SelectValue className={styles.selected} />
        <ChevronDown aria-hidden />
      </AriaButton>
      <Below hint={hint} />
      <Popover className={styles.popover} offset={4}>
        <ListBox className={styles.list} items={choices}>
          {(choice) => (
            <ListBoxItem id={choice.id} textValue={choice.label} className={styles.option}>
              <span>{choice.label}</span>
              <Check aria-hidden className={styles.check} />
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

export interface SwitchFieldProps extends Plain<AriaSwitchProps>, Around {}

export function SwitchField({ label, hint, ...rest }: SwitchFieldProps) {
  return (
    <AriaSwitch {...rest} className={styles.switch}>
      <span className={styles.track} aria-hidden>
        <span className={styles.thumb} />
      </span>
      <span className={styles.switchText}>
        {label}
        {hint && <span className={styles.hint}>{hint}</span>}
      </span>
    </AriaSwitch>
  );
}

export interface CheckboxProps extends Plain<AriaCheckboxProps> {
  children: ReactNode;
}

export function Checkbox({ children, ...rest }: CheckboxProps) {
  return (
    <AriaCheckbox {...rest} className={styles.checkbox}>
      <span className={styles.box} aria-hidden>
        <Check />
      </span>
      {children}
    </AriaCheckbox>
  );
}

/** React Aria knows the errors of its own checks; the server's make a field invalid from outside. */
function refused(errors?: readonly string[]): { isInvalid?: true } {
  return errors?.length ? { isInvalid: true } : {};
}

function Below({ hint, errors }: { hint?: ReactNode; errors?: readonly string[] }) {
  return (
    <>
      {hint && (
        <Text slot="description" className={styles.hint}>
          {hint}
        </Text>
      )}
      <FieldError className={styles.error}>{errors?.length ? errors.join(" ") : undefined}</FieldError>
    </>
  );
}
