#!/usr/bin/env python3
"""Ask transformers for the ids that tests/goldens/tokenizer.json records.

    pip install transformers jinja2        (no torch; in an environment of its own)
    python scripts/make_tokenizer_goldens.py FOLDER

FOLDER has the tokenizer.json and tokenizer_config.json of Qwen2.5-0.5B-Instruct. Run again when
tests/goldens/tokenizer_lines.py changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

GOLDENS = Path(__file__).resolve().parent.parent / "tests" / "goldens"
sys.path.insert(0, str(GOLDENS.parent))

from goldens import tokenizer_lines as lines  # noqa: E402


def make(folder: str) -> dict[str, Any]:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    def chat(conversation: dict[str, Any]) -> list[int]:
        messages, options = conversation["messages"], {k: v for k, v in conversation.items() if k != "messages"}
        return list(tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False, **options))

    chats = [chat(conversation) for conversation in lines.conversations()]
    return {
        "transformers": transformers.__version__,
        "examples": [{"text": text, "ids": encode(text)} for text in lines.EXAMPLES],
        "blocks": [lines.fingerprint([encode(text) for text in block]) for block in lines.blocks()],
        "first_chat": chats[0],
        "chats": [lines.fingerprint([ids]) for ids in chats],
    }


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = GOLDENS / "tokenizer.json"
    rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=True)}" for k, v in make(sys.argv[1]).items())
    target.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
