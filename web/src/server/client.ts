import { ProblemError, problemOf, streamProblem } from "./problem";
import { SseParser } from "./sse";

/** The model that answers, and the values it uses for settings that a request leaves out. */
export interface Model {
  id: string;
  demo: boolean;
  maxModelLen: number;
  defaults: Record<string, number>;
}

export interface Stats {
  ttftSeconds?: number;
  tokensPerSecond?: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export interface ChatRequest {
  messages: { role: "system" | "user" | "assistant"; content: string }[];
  stream: boolean;
  [parameter: string]: unknown;
}

/** What happens while an answer is made. `queue` is the number of requests before it. */
export type ChatEvent =
  | { type: "queue"; position: number }
  | { type: "text"; text: string }
  | { type: "stats"; stats: Stats }
  | { type: "end"; reason: string };

/** Addresses are relative to the page, so that both may lie under any sub-path. */
export async function fetchModel(key: string): Promise<Model> {
  const body = await (await call("v1/models", { headers: headers(key), cache: "no-store" })).json();
  const model = body.data[0];
  return {
    id: model.id,
    demo: model.qingmo?.demo ?? false,
    maxModelLen: model.qingmo?.max_model_len ?? 0,
    defaults: model.qingmo?.defaults ?? {},
  };
}

/** Asks for one answer. Throws ProblemError; an aborted `signal` ends it with an AbortError. */
export async function* chat(request: ChatRequest, key: string, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const body = request.stream ? { ...request, stream_options: { include_usage: true } } : request;
  const response = await call("v1/chat/completions", {
    method: "POST",
    headers: { ...headers(key), "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  if (request.stream) yield* streamed(response, signal);
  else yield* chunkEvents(await response.json());
}

function headers(key: string): Record<string, string> {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function call(address: string, options: RequestInit): Promise<Response> {
  const response = await fetch(address, options).catch((error: Error) => {
    if (options.signal?.aborted) throw error;
    throw new ProblemError({ kind: "gone", message: error.message });
  });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new ProblemError(problemOf(response.status, body, response.headers.get("Retry-After")));
}

async function* streamed(response: Response, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const parser = new SseParser();
  for await (const piece of textOf(response, signal)) {
    for (const item of parser.push(piece)) {
      if ("comment" in item) yield* queueOf(item.comment);
      else if (item.data === "[DONE]") return;
      else yield* chunkEvents(JSON.parse(item.data));
    }
  }
  throw new ProblemError({ kind: "gone", message: "" }); // the connection ended before the answer did
}

async function* textOf(response: Response, signal: AbortSignal): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: Error) => {
      if (signal.aborted) throw error;
      throw new ProblemError({ kind: "gone", message: error.message });
    });
    if (done) return;
    yield value;
  }
}

function* queueOf(comment: string): Generator<ChatEvent> {
  const match = /^queue (\d+)$/.exec(comment);
  if (match) yield { type: "queue", position: Number(match[1]) };
}

interface Answer {
  error?: unknown;
  choices?: { delta?: { content?: string }; message?: { content?: string }; finish_reason?: string | null }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details?: { cached_tokens?: number };
  } | null;
  timings?: { ttft_ms?: number | null; tokens_per_second?: number | null };
}

function* chunkEvents(chunk: Answer): Generator<ChatEvent> {
  if (chunk.error) throw new ProblemError(streamProblem(chunk));
  const choice = chunk.choices?.[0];
  const text = choice?.delta?.content ?? choice?.message?.content;
  if (text) yield { type: "text", text };
  if (choice?.finish_reason) yield { type: "end", reason: choice.finish_reason };
  if (chunk.usage) yield { type: "stats", stats: statsOf(chunk) };
}


function statsOf({ usage, timings }: Answer): Stats {
  return {
    promptTokens: usage!.prompt_tokens,
    completionTokens: usage!.completion_tokens,
    cachedTokens: usage!.prompt_tokens_details?.cached_tokens ?? 0,
    ...(timings?.ttft_ms != null && { ttftSeconds: timings.ttft_ms / 1000 }),
    ...(timings?.tokens_per_second != null && { tokensPerSecond: timings.tokens_per_second }),
  };
}
