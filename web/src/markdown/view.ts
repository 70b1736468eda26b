import { Blocks } from "./blocks";
import { lexer } from "./parser";
import { rendered } from "./render";

/** Draws a growing markdown text into an element: finished blocks once, the last one each time. */
export class MarkdownView {
  private blocks = new Blocks(lexer);
  private text = "";
  private drawn = 0;
  private readonly tail = document.createElement("div");

  constructor(
    private readonly element: HTMLElement,
    private readonly copyLabel: string,
  ) {
    element.replaceChildren(this.tail);
  }

  /** Shows `text`; quick where it only grew. */
  show(text: string): void {
    if (!text.startsWith(this.text)) this.restart();
    this.text = text;
    this.blocks.grow(text);
    for (const block of this.blocks.finished.slice(this.drawn)) this.tail.before(this.drawBlock(block));
    this.drawn = this.blocks.finished.length;
    this.draw(this.tail, this.blocks.tail);
  }

  private restart(): void {
    this.blocks = new Blocks(lexer);
    this.drawn = 0;
    this.element.replaceChildren(this.tail);
  }

  private drawBlock(markdown: string): HTMLElement {
    const block = document.createElement("div");
    this.draw(block, markdown);
    return block;
  }

  private draw(block: HTMLElement, markdown: string): void {
    block.replaceChildren(rendered(markdown));
    for (const code of block.querySelectorAll("pre")) this.addBar(code);
    for (const table of block.querySelectorAll("table")) makeScrollable(table);
    const formulas = block.querySelectorAll<HTMLElement>(".math");
    if (formulas.length > 0) void typesetAll(formulas);
  }

  /** A line above a code block, with its language and a button that copies it. */
  private addBar(code: HTMLElement): void {
    const frame = document.createElement("div");
    frame.className = "code-frame";
    const bar = document.createElement("div");
    bar.className = "code-bar";
    const language = document.createElement("span");
    language.textContent = /language-(\S+)/.exec(code.firstElementChild?.className ?? "")?.[1] ?? "";
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "code-copy";
    copy.textContent = this.copyLabel;
    bar.append(language, copy);
    code.replaceWith(frame);
    code.tabIndex = 0; // a keyboard can then scroll it
    frame.append(bar, code);
  }
}

function makeScrollable(table: HTMLElement): void {
  const frame = document.createElement("div");
  frame.className = "table-frame";
  frame.tabIndex = 0;
  table.replaceWith(frame);
  frame.append(table);
}

/** Loads the mathematics only when the first formula is met. */
async function typesetAll(formulas: Iterable<HTMLElement>): Promise<void> {
  const { typeset } = await import("./math");
  for (const formula of formulas) typeset(formula);
}
