/** The form's values and the server's: what is new, what differs. Pure. */
import type { Codec, Extension, ExtensionFields } from "../api/types";

export const CODECS: readonly Codec[] = ["opus", "g722", "alaw", "ulaw", "gsm"];

export const NEW: ExtensionFields = {
  number: "",
  name: "",
  email: "",
  ring_s: 30,
  max_contacts: 2,
  register_expiry_s: 1800,
  web_phone: true,
  srtp: false,
  codecs: ["opus", "g722", "alaw", "ulaw"],
  dtmf_mode: "rfc4733",
  nat: true,
  qualify_s: 60,
  permit_ip: [],
  rtp_timeout_s: 60,
  music_on_hold: "default",
};

export const FIELD_NAMES = Object.keys(NEW) as (keyof ExtensionFields)[];

export function fieldsOf(extension: Extension): ExtensionFields {
  const { created_at: _created, updated_at: _updated, ...fields } = extension;
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, fields[name]])) as unknown as ExtensionFields;
}

/** The fields of `mine` that are not as in `base`. */
export function changed(base: ExtensionFields, mine: ExtensionFields): Partial<ExtensionFields> {
  const names = FIELD_NAMES.filter((name) => JSON.stringify(base[name]) !== JSON.stringify(mine[name]));
  return Object.fromEntries(names.map((name) => [name, mine[name]]));
}

/** What a new extension is created with: an empty number lets the server choose the next free one. */
export function creation(fields: ExtensionFields): Partial<ExtensionFields> {
  const { number, ...rest } = fields;
  return number.trim() ? { ...rest, number: number.trim() } : rest;
}

export interface Clash {
  field: keyof ExtensionFields;
  mine: unknown;
  theirs: unknown;
}

/** Fields that both sides changed since `base`, to different values. What only they changed is simply taken. */
export function clashes(base: ExtensionFields, mine: ExtensionFields, theirs: ExtensionFields): Clash[] {
  const ours = changed(base, mine);
  const others = changed(base, theirs);
  return FIELD_NAMES.filter((name) => name in ours && name in others)
    .filter((name) => JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]))
    .map((field) => ({ field, mine: mine[field], theirs: theirs[field] }));
}

/** Their values with our changes on top. */
export function merged(base: ExtensionFields, mine: ExtensionFields, theirs: ExtensionFields): ExtensionFields {
  return { ...theirs, ...changed(base, mine) };
}
