import DOMPurify from "dompurify";
import temml from "temml";
import "temml/dist/Temml-Local.css";

const LONGEST = 4000; // characters of one formula

/** Replaces TeX by MathML in place. TeX that cannot be read stays as it was written. */
export function typeset(element: HTMLElement): void {
  const tex = element.textContent ?? "";
  if (tex.length > LONGEST) return;
  const drawn = document.createElement("span");
  try {
    temml.render(tex, drawn, {
      displayMode: element.classList.contains("math-display"),
      throwOnError: true,
      maxExpand: 500,
      maxSize: [20, 20],
    });
  } catch {
    return;
  }
  const clean = DOMPurify.sanitize(drawn, {
    USE_PROFILES: { mathMl: true },
    FORBID_ATTR: ["style", "href", "src", "id", "name"],
    RETURN_DOM_FRAGMENT: true,
  });
  element.replaceChildren(clean);
  element.classList.add("math-done");
}
