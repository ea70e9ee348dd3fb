/** RFC 9457 problems, and what the console says when there is no server to send one. */

export interface FieldProblem {
  field: string;
  code: string;
  detail: string;
}

interface ProblemBody {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  request_id?: string;
  errors?: FieldProblem[];
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly fields: readonly FieldProblem[];

  constructor(status: number, body: ProblemBody) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "";
    this.requestId = body.request_id ?? "";
    this.fields = body.errors ?? [];
  }

  /** Field errors in the shape that a form wants: field name to messages. */
  byField(): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const { field, detail } of this.fields) {
      const name = field.split(/[.[]/)[0] ?? field;
      found[name] = [...(found[name] ?? []), detail];
    }
    return found;
  }
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
  constructor() {
    super("offline");
    this.name = "OfflineError";
  }
}

export async function problemOf(response: Response): Promise<ApiError> {
  try {
    return new ApiError(response.status, (await response.json()) as ProblemBody);
  } catch {
    return new ApiError(response.status, {});
  }
}
