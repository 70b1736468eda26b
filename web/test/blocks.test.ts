import { expect, test } from "vitest";
import { Blocks } from "../src/markdown/blocks";
import { lexer, toHtml } from "../src/markdown/parser";

const DOCUMENT = `# A heading

A paragraph over
two lines with *emphasis*, \`code\` and $x_1$.

- one

- two
  with a second line

      and code in it
1. first
2. second

\`\`\`python
def f():

    return "# no heading"
\`\`\`

| a | b |
| - | -: |
| 1 | 2 |

> a quote
> goes on

$$
a = b

c = d
$$

\\[
x^2
\\]

Setext
---

~~~
unclosed

code`;

/** The finished blocks and the last one, however the text came. */
function blocksOf(...growing: string[]): string[] {
  const blocks = new Blocks(lexer);
  let text = "";
  for (const piece of growing) blocks.grow((text += piece));
  return [...blocks.finished, blocks.tail];
}

const html = (blocks: string[]) => blocks.map(toHtml).join("");

test("a text that comes character by character ends as it would have come at once", () => {
  expect(html(blocksOf(...DOCUMENT))).toBe(html(blocksOf(DOCUMENT)));
  expect(html(blocksOf(DOCUMENT))).toBe(toHtml(DOCUMENT));
});

test("a text that comes in two pieces, cut anywhere, ends the same", () => {
  const whole = html(blocksOf(DOCUMENT));
  for (let cut = 1; cut < DOCUMENT.length; cut++) {
    expect(html(blocksOf(DOCUMENT.slice(0, cut), DOCUMENT.slice(cut)))).toBe(whole);
  }
});

test("finished blocks stay as they are while the text grows", () => {
  const blocks = new Blocks(lexer);
  let before: string[] = [];
  for (let end = 1; end <= DOCUMENT.length; end++) {
    blocks.grow(DOCUMENT.slice(0, end));
    expect(blocks.finished.slice(0, before.length)).toEqual(before);
    before = [...blocks.finished];
  }
  expect(before.length).toBeGreaterThan(8);
});

test("only the last block is left to render again", () => {
  const blocks = new Blocks(lexer);
  blocks.grow("First.\n\nSecond.\n\nThird is being wri");
  expect(blocks.tail).toBe("Third is being wri");
});
