/** Cuts markdown into its blocks: paragraphs, lists, code, tables. The pieces joined are the text. */
export type Lexer = (markdown: string) => { type: string; raw: string }[];

/**
 * A growing text as blocks. All but the last are finished: what still comes cannot change them, so they need to be
 * rendered once only. `finished` only ever grows.
 */
export class Blocks {
  readonly finished: string[] = [];
  tail = "";
  private length = 0;

  constructor(private readonly lexer: Lexer) {}

  /** Takes the whole text so far, which must begin with what was taken before. */
  grow(text: string): void {
    this.tail += text.slice(this.length);
    this.length = text.length;
    const tokens = this.lexer(this.tail);
    let last = tokens.findLastIndex(({ type }) => type !== "space");
    // A paragraph that begins with a pipe may be a table whose second line has not come, and so on: only a block
    // that another one follows is finished.
    for (const { type, raw } of tokens.slice(0, Math.max(last, 0))) {
      if (type !== "space") this.finished.push(raw);
      this.tail = this.tail.slice(raw.length);
    }
  }
}
