/** One place that speaks HTTP to the server: cookie session, CSRF header, ETags, idempotency keys, problems. */
import { ApiError, OfflineError, problemOf } from "./problem";

const BASE = "/api/v1";

let csrfToken = "";
let onSignedOut: () => void = () => undefined;

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Register what happens when the server no longer knows our session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export interface Versioned<T> {
  value: T;
  etag: string;
}

interface Options {
  body?: unknown;
  etag?: string;
  signal?: AbortSignal;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken;
  if (method === "POST") headers["Idempotency-Key"] = newKey();
  if (options.etag) headers["If-Match"] = options.etag;
  let body: string | undefined;
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(BASE + path, { method, headers, body, signal: options.signal, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new OfflineError();
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && path !== "/session") onSignedOut();
  throw problem;
}

/** `crypto.randomUUID` does not exist on plain HTTP, where the console must still work. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function read<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  return read<T>(await send(method, path, options));
}

/** The same, with the object's ETag. */
export async function requestVersioned<T>(method: string, path: string, options: Options = {}): Promise<Versioned<T>> {
  const response = await send(method, path, options);
  return { value: await read<T>(response), etag: response.headers.get("ETag") ?? "" };
}

export function query(parameters: Record<string, string | number | undefined | null>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

export { ApiError, OfflineError };
