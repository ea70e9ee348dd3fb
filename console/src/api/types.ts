/**
 * The values of the REST interface, by the names that the console uses. All come from the server's own description:
 * `schema.ts` is generated from it by `npm run api`, so a field that the server renames fails to compile here.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type User = Schemas["UserView"];
export type Session = Schemas["SessionView"];

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}

export type DtmfMode = Schemas["DtmfMode"];
export type Codec = Schemas["Codec"];
/** The generator takes a referenced member with a default for optional; an answer always has it. */
export type Extension = Required<Schemas["Extension"]>;
export type ExtensionFields = Omit<Extension, "created_at" | "updated_at">;

/** What a write says of itself: `published` is false while the exchange is away, and follows by itself. */
export type Written = Schemas["Undone"];
export type Deleted = Required<Schemas["Deleted"]>;
export type WithSecret = Schemas["CreatedExtension"];
export type SoftphoneAccount = Schemas["Softphone"];

export type Disposition = Schemas["Disposition"];
export type RecordLeg = Schemas["CallLeg"] & { role: "caller" | "callee" };
export type CallRecord = Omit<Schemas["CallRecordView"], "legs"> & { legs: RecordLeg[] };

export type Ladder = Schemas["Ladder"];
export type LadderRow = Schemas["Row"];
export type RowKind = Schemas["RowKind"];

export type SystemStatus = Schemas["StatusView"];
export type Connection = Schemas["ConnectionView"];
export type AudioCheck = Schemas["AudioCheck"];
export type Finding = Schemas["Finding"];

export type ChangeSummary = Schemas["ChangeView"];
export type FieldDifference = Schemas["Difference"];
export type ChangeEntry = Omit<Schemas["EntryView"], "action"> & { action: "created" | "changed" | "deleted" };
export type ChangeDetail = Omit<Schemas["ChangeDetail"], "entries"> & { entries: ChangeEntry[] };
