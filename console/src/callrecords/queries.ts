import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { query, request } from "../api/client";
import type { CallRecord, Disposition, Page } from "../api/types";

const PAGE = 50;

export interface RecordFilter {
  q: string;
  from: string;
  to: string;
  disposition: Disposition | "";
}

export const NO_FILTER: RecordFilter = { q: "", from: "", to: "", disposition: "" };

/** The first instant of a day of the calendar, here; `after` days later. */
function dayStart(day: string, after = 0): string {
  if (!day) return "";
  const at = new Date(`${day}T00:00:00`);
  at.setDate(at.getDate() + after);
  return at.toISOString();
}

export function useRecords({ q, from, to, disposition }: RecordFilter) {
  const parameters = { q, from: dayStart(from), to: dayStart(to, 1), disposition, limit: PAGE };
  return useInfiniteQuery({
    queryKey: ["records", "list", parameters],
    queryFn: ({ pageParam, signal }) =>
      request<Page<CallRecord>>("GET", `/call-records${query({ ...parameters, cursor: pageParam })}`, { signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : 10_000),
  });
}

export function useRecord(callId: string) {
  return useQuery({
    queryKey: ["records", "one", callId],
    queryFn: () => request<CallRecord>("GET", `/call-records/${encodeURIComponent(callId)}`),
  });
}
