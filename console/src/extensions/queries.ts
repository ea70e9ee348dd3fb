/** What the extension screens ask of the server, and what a change makes stale. */
import { type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { query, request, requestVersioned } from "../api/client";
import type { Connection, Deleted, Extension, ExtensionFields, Page, WithSecret, Written } from "../api/types";

const PAGE = 100;
const ALL_PAGES = 500;

export function useExtensions(q: string, isWhole: boolean) {
  const limit = isWhole ? ALL_PAGES : PAGE;
  return useInfiniteQuery({
    queryKey: ["extensions", "list", q, limit],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Extension>>("GET", `/extensions${query({ q, limit, cursor: pageParam })}`, { signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });
}

export function useExtension(number: string) {
  return useQuery({
    queryKey: ["extensions", "one", number],
    queryFn: () => requestVersioned<Extension>("GET", path(number)),
    enabled: number !== "",
    // The form holds what was read; a silent reload would pull the ETag away from under it.
    refetchOnWindowFocus: false,
    staleTime: 0,
  });
}

export function useConnection() {
  return useQuery({ queryKey: ["connection"], queryFn: () => request<Connection>("GET", "/system/connection") });
}

export function useCreate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (fields: Partial<ExtensionFields>) =>
      request<Extension & WithSecret & Written>("POST", "/extensions", { body: fields }),
    onSuccess: () => refresh(client),
  });
}

export function useChange(number: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ fields, etag }: { fields: Partial<ExtensionFields>; etag: string }) =>
      requestVersioned<Extension & Written>("PATCH", path(number), { body: fields, etag }),
    onSuccess: () => refresh(client),
  });
}

export function useDelete() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ number, endCalls }: { number: string; endCalls: boolean }) => {
      const { etag } = await requestVersioned<Extension>("GET", path(number));
      const asked = endCalls ? query({ end_calls: "true" }) : "";
      return request<Deleted>("DELETE", `${path(number)}${asked}`, { etag });
    },
    onSuccess: () => refresh(client),
  });
}

export function useNewSecret(number: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<WithSecret & Written>("POST", `${path(number)}/secret`),
    onSuccess: () => refresh(client),
  });
}

export interface Bulk {
  start: string;
  count: number;
  name: string;
}

export function useBulk() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (bulk: Bulk) => request<{ items: WithSecret[] } & Written>("POST", "/extensions/bulk", { body: bulk }),
    onSuccess: () => refresh(client),
  });
}

export function useUndo() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: number) => request<Written>("POST", `/changes/${change}/undo`),
    onSuccess: () => refresh(client),
  });
}

function refresh(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: ["extensions"] });
  void client.invalidateQueries({ queryKey: ["changes"] });
}

function path(number: string): string {
  return `/extensions/${encodeURIComponent(number)}`;
}
