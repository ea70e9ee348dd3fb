/** Who a call is with: the name that SIP told, else that of the extension on the board. */
import { useLine } from "../board/context";
import type { PhoneCall } from "./model";

const FIRST_TENANT = 1;

export function useNameOf(call: Pick<PhoneCall, "name" | "number"> | undefined): string {
  const line = useLine(`${FIRST_TENANT}/${call?.number ?? ""}`);
  return call?.name || line?.name || "";
}
