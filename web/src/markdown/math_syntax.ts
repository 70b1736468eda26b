import type { MarkedExtension, TokenizerThis, Tokens } from "marked";
import { escaped } from "./escape";

/** Mathematics as models write it: $a$ and \(a\) in a line, $$a$$ and \[a\] on its own. */
interface MathToken extends Tokens.Generic {
  tex: string;
  display: boolean;
}

/** `$` is money where a space follows, stands before the closing one, or a digit follows that. */
const INLINE = /^\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$]|\S)\$(?!\d)|^\\\(([^\n]+?)\\\)|^\$\$([^$\n]+?)\$\$|^\\\[([^\n]+?)\\\]/;
/** To the end of the text where it is not closed yet: blank lines inside must not cut it in two. */
const BLOCK = /^(?:\$\$(?=[^$])([^$]+?)\$\$|\\\[([\s\S]+?)\\\]|\$\$\n([^$]*)\$?$|\\\[\n([\s\S]*)$)[ \t]*(?:\n|$)/;

const render = ({ tex, display }: MathToken) =>
  `<span class="math${display ? " math-display" : ""}">${escaped(tex)}</span>`;

function tokenizer(type: string, pattern: RegExp, displayGroup: number) {
  return function (this: TokenizerThis, source: string): MathToken | undefined {
    const match = pattern.exec(source);
    if (!match) return undefined;
    const group = match.findIndex((text, index) => index > 0 && text !== undefined);
    return { type, raw: match[0], tex: match[group]!.trim(), display: group >= displayGroup };
  };
}

export const mathSyntax: MarkedExtension = {
  extensions: [
    {
      name: "math",
      level: "inline",
      start: (source) => source.match(/\$|\\\(|\\\[/)?.index,
      tokenizer: tokenizer("math", INLINE, 3),
      renderer: (token) => render(token as MathToken),
    },
    {
      name: "mathBlock",
      level: "block",
      start: (source) => source.match(/\n(?:\$\$|\\\[)/)?.index,
      tokenizer: tokenizer("mathBlock", BLOCK, 1),
      renderer: (token) => render(token as MathToken),
    },
  ],
};
