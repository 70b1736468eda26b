/**
 * Why there is no answer, in the kinds that a person can do something different about:
 * `loading` wait; `gone` start it again; `full` wait `retryAfter` seconds; `key` give a key;
 * `long` begin a new conversation; `refused` read what the server says.
 */
export type ProblemKind = "loading" | "gone" | "full" | "key" | "long" | "refused";

export interface Problem {
  kind: ProblemKind;
  message: string;
  /** Seconds, for `full`. */
  retryAfter?: number;
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

const DEFAULT_RETRY_SECONDS = 5;

/** A refusal in OpenAI's shape, `{"error": {"message", "code"}}`, by its HTTP status. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): Problem {
  const { message = `HTTP ${status}`, code = "" } = errorOf(body);
  if (status === 401) return { kind: "key", message };
  if (status === 429) return { kind: "full", message, retryAfter: Number(retryAfter) || DEFAULT_RETRY_SECONDS };
  if (status === 503) return { kind: code === "loading" ? "loading" : "gone", message };
  if (status === 502 || status === 504) return { kind: "gone", message }; // a proxy with nothing behind it
  if (code === "context_length_exceeded") return { kind: "long", message };
  return { kind: "refused", message };
}

/** The error inside a stream that had begun well. */
export function streamProblem(body: unknown): Problem {
  const { message = "", code = "" } = errorOf(body);
  return { kind: /stop/.test(code) ? "gone" : "refused", message };
}

function errorOf(body: unknown): { message?: string; code?: string } {
  const error = (body as { error?: { message?: unknown; code?: unknown } } | null)?.error;
  return {
    ...(typeof error?.message === "string" && { message: error.message }),
    ...(typeof error?.code === "string" && { code: error.code }),
  };
}
