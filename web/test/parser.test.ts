import { expect, test } from "vitest";
import { toHtml } from "../src/markdown/parser";

const inline = (markdown: string) => toHtml(markdown).trim().replace(/^<p>|<\/p>$/g, "");

test.each([
  ["$a+b$", '<span class="math">a+b</span>'],
  ["\\(a_1\\)", '<span class="math">a_1</span>'],
  ["is $$x$$ so", 'is <span class="math math-display">x</span> so'],
  ["$a < b$", '<span class="math">a &lt; b</span>'],
])("mathematics: %s", (markdown, expected) => {
  expect(inline(markdown)).toBe(expected);
});

test.each(["It costs $5 and $6.", "$ 5 $", "a$b", "`$x$`", "US$5", "$5-$10"])("money and code are no mathematics: %s", (text) => {
  expect(toHtml(text)).not.toContain("math");
});

test.each(["$$\na\n\nb\n$$", "\\[\na\n\nb\n\\]", "\\[a\\]"])("a formula on its own lines: %j", (markdown) => {
  expect(toHtml(markdown)).toMatch(/^<span class="math math-display">[^$\\]+<\/span>/);
});

test("raw HTML is shown as text, but for harmless tags", () => {
  expect(inline("a <script>x()</script> b")).toBe("a &lt;script&gt;x()&lt;/script&gt; b");
  expect(inline("H<sub>2</sub>O<br>x")).toBe("H<sub>2</sub>O<br>x");
  expect(inline('<br onclick="x()">')).not.toContain("<br");
});

test("an image becomes a link", () => {
  expect(inline("![a cat](http://x/cat.png)")).toBe('<a href="http://x/cat.png">a cat</a>');
});

test("lines stay lines, as verse needs them", () => {
  expect(inline("one\ntwo")).toBe("one<br>two");
});

test("known code is coloured, unknown code is escaped", () => {
  expect(toHtml("```python\nif a: pass\n```")).toContain('<span class="hljs-keyword">if</span>');
  expect(toHtml("```zzz\n<b>\n```")).toContain('<pre><code class="language-zzz">&lt;b&gt;');
  expect(toHtml('```"><script>\nx\n```')).toContain('<code class="language-">');
});
