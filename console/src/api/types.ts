/** The values of the REST contract (docs/design/runtime.md). */

export interface User {
  username: string;
  role: string;
  must_change_password: boolean;
}

export interface Session {
  user: User;
  csrf_token: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}

export type DtmfMode = "rfc4733" | "inband" | "info" | "auto";

export interface ExtensionFields {
  number: string;
  name: string;
  email: string;
  ring_s: number;
  max_contacts: number;
  register_expiry_s: number;
  web_phone: boolean;
  srtp: boolean;
  codecs: string[];
  dtmf_mode: DtmfMode;
  nat: boolean;
  qualify_s: number;
  permit_ip: string[];
  rtp_timeout_s: number;
  music_on_hold: string;
}

export interface Extension extends ExtensionFields {
  created_at: string;
  updated_at: string;
}

/** What a write says of itself: `published` is false while the exchange is away, and follows by itself. */
export interface Written {
  change: number;
  published: boolean;
}

export interface WithSecret {
  number: string;
  name: string;
  secret: string;
}

export interface SoftphoneAccount {
  uri: string;
  endpoint: string;
  username: string;
  secret: string;
  realm: string;
  display_name: string;
  ws_url: string;
  wss_url: string;
}

export type Disposition = "answered" | "no_answer" | "busy" | "failed" | "cancelled" | "engine_lost";

export interface RecordLeg {
  channel_id: string;
  extension: string;
  number: string;
  name: string;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  cause: number;
  role: "caller" | "callee";
}

export interface CallRecord {
  call_id: string;
  started_at: string;
  answered_at: string | null;
  ended_at: string;
  duration_s: number;
  talk_s: number;
  from_number: string;
  from_name: string;
  to_number: string;
  to_name: string;
  dialled: string;
  disposition: Disposition;
  cause: number;
  legs?: RecordLeg[];
}

export type RowKind = "sip" | "step" | "event";

export interface LadderRow {
  at_ms: number;
  kind: RowKind;
  from: string;
  to: string;
  text: string;
  detail: string;
  rule: string;
  raw: string;
}

export interface Participant {
  id: string;
  label: string;
  kind: string;
}

export interface Ladder {
  call_id: string;
  live: boolean;
  started_ms: number;
  ended_ms: number | null;
  participants: Participant[];
  rows: LadderRow[];
}

export interface SystemStatus {
  version: string;
  engine: { up: boolean; version: string; published: number; problem: string };
  exchange: { up: boolean; ami: string; published: number; calls: number; pid: number };
  worker: {
    up: boolean;
    pid: number;
    open_calls: number;
    imported: number;
    disk_short: boolean;
    trace_paused: boolean;
  };
  store: { up: boolean; kind: string; version: number; problem: string };
}

export interface ChangeSummary {
  id: number;
  at: string;
  author: string;
  title: string;
  size: number;
  undoes: number | null;
}

export interface FieldDifference {
  field: string;
  before: unknown;
  after: unknown;
}

export interface ChangeEntry {
  what: string;
  action: "created" | "changed" | "deleted";
  fields: FieldDifference[];
}

export interface ChangeDetail extends ChangeSummary {
  entries: ChangeEntry[];
}

export interface Connection {
  sip: { host: string; udp: number; tcp: number; tls: number };
  ws_url: string;
  wss_url: string;
  realm: string;
  dial: { number: string; what: string }[];
}

export interface Finding {
  code: string;
  severity: "problem" | "warning" | "hint";
  cause: string;
  cure: string;
  setting: string;
}

export interface AudioCheck {
  findings: Finding[];
  looked_at_phones: boolean;
}
