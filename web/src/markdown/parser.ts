import { Marked, type RendererObject } from "marked";
import { escaped } from "./escape";
import { highlighted } from "./highlight";
import { mathSyntax } from "./math_syntax";

/** Raw HTML that models use in good faith, such as a line break in a table. All other is shown as text. */
const HARMLESS_TAG = /^<\/?(?:br|sub|sup|kbd)\s*\/?>$/i;
const TOP_HEADING = 3; // the page has its own first and second level

const renderer: RendererObject = {
  html: ({ text }) => (HARMLESS_TAG.test(text.trim()) ? text : escaped(text)),
  image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`, // nothing is loaded from elsewhere
  checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  heading({ tokens, depth }) {
    const level = Math.min(depth + TOP_HEADING - 1, 6);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
  },
  code({ text, lang = "" }) {
    const language = /^[\w+#.-]*/.exec(lang)![0].toLowerCase();
    return `<pre><code class="language-${language}">${highlighted(text, language)}</code></pre>`;
  },
};

const marked = new Marked({ gfm: true, breaks: true, renderer }, mathSyntax);

/** HTML that still has to be sanitized: what a model writes passes through here. */
export const toHtml = (markdown: string) => marked.parse(markdown, { async: false });

export const lexer = (markdown: string) => marked.lexer(markdown);
