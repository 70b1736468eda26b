/** What a stream of server-sent events says: the data of an event, or a comment (": queue 3"). */
export type SseItem = { data: string } | { comment: string };

/** Takes a stream in pieces cut anywhere; gives each event once its closing empty line has come. */
export class SseParser {
  private rest = "";
  private data: string[] = [];

  push(piece: string): SseItem[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/); // a last \r may be half of \r\n
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): SseItem[] {
    if (line === "") return this.dispatch();
    if (line.startsWith(":")) return [{ comment: line.slice(1).trim() }];
    if (line.startsWith("data:")) this.data.push(line.slice(5).replace(/^ /, ""));
    return [];
  }

  private dispatch(): SseItem[] {
    if (this.data.length === 0) return [];
    const data = this.data.join("\n");
    this.data = [];
    return [{ data }];
  }
}
