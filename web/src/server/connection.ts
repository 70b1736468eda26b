import { Observable } from "../chat/observable";
import { fetchModel, type Model } from "./client";
import { type Problem, ProblemError } from "./problem";

export interface ConnectionState {
  model: Model | null;
  /** Why nothing can be asked at the moment; null while all is well. */
  problem: Problem | null;
}

const KEY = "qingmo.key";
const PATIENCE_MS = 2000;

/** Whether the server answers, and as which model. While it does not, it is asked again every two seconds. */
export class Connection extends Observable<ConnectionState> {
  private timer: number | undefined;

  constructor() {
    super({ model: null, problem: null });
  }

  get key(): string {
    return localStorage.getItem(KEY) ?? "";
  }

  useKey(key: string): void {
    localStorage.setItem(KEY, key);
    void this.check();
  }

  async check(): Promise<void> {
    clearTimeout(this.timer);
    try {
      this.update({ model: await fetchModel(this.key), problem: null });
    } catch (error) {
      this.report(problemFrom(error));
    }
  }

  /** Takes note of a problem met elsewhere, and watches for its end. A key is waited for, not asked about. */
  report(problem: Problem): void {
    clearTimeout(this.timer);
    this.update({ problem });
    if (problem.kind !== "key") this.timer = window.setTimeout(() => void this.check(), waitFor(problem));
  }
}

const waitFor = ({ retryAfter }: Problem) => (retryAfter === undefined ? PATIENCE_MS : retryAfter * 1000);

/** Any failure of a request as a problem. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
}
