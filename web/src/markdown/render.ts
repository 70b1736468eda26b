import DOMPurify, { type Config } from "dompurify";
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

const ALLOWED: Config & { RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS:
    "a blockquote br code del em h3 h4 h5 h6 hr kbd li ol p pre span strong sub sup table tbody td th thead tr ul".split(" "),
  ALLOWED_ATTR: ["align", "class", "href", "start"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};
const ALLOWED_CLASSES = /^(?:(?:hljs-[\w-]+|language-[\w+#.-]*|math|math-display|[a-z]+_)(?: |$))+$/;

const purifier = DOMPurify(window);
purifier.addHook("uponSanitizeAttribute", (_node, attribute) => {
  if (attribute.attrName === "class") attribute.keepAttr = ALLOWED_CLASSES.test(attribute.attrValue);
});
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.localName !== "a") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

/** Markdown of a model as nodes that can run nothing and load nothing, whatever it says. */
export function rendered(markdown: string): DocumentFragment {
  return purifier.sanitize(marked.parse(markdown, { async: false }), ALLOWED);
}

export const lexer = (markdown: string) => marked.lexer(markdown);
