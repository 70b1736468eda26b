import type { ChatEvent, Stats } from "../server/client";

/** An answer that is being written. It changes with every token, outside of the session's state. */
export class LiveAnswer {
  text = "";
  /** Requests before this one, while it waits. */
  queue: number | null = null;
  stats: Stats | undefined;
  cut = false;
  private readonly listeners = new Set<() => void>();
  private readonly controller = new AbortController();

  readonly signal = this.controller.signal;

  take(event: ChatEvent): void {
    if (event.type === "queue") this.queue = event.position;
    if (event.type === "stats") this.stats = event.stats;
    if (event.type === "end") this.cut = event.reason === "length";
    if (event.type === "text") {
      this.text += event.text;
      this.queue = null;
    }
    for (const listener of this.listeners) listener();
  }

  stop(): void {
    this.controller.abort();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
