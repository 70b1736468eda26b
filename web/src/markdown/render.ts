import DOMPurify, { type Config } from "dompurify";
import { toHtml } from "./parser";

const ALLOWED: Config & { RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS:
    "a blockquote br code del em h3 h4 h5 h6 hr kbd li ol p pre span strong sub sup table tbody td th thead tr ul".split(" "),
  ALLOWED_ATTR: ["align", "class", "href", "start"],
  ADD_URI_SAFE_ATTR: ["align", "start"], // or the next line would be held against their values
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
  return purifier.sanitize(toHtml(markdown), ALLOWED);
}
