"""Normal form C as the `tokenizers` library makes it: by the data of Unicode 9.0, whatever newer data Python has."""

from __future__ import annotations

import re
from unicodedata import is_normalized, normalize

# Every character up to Unicode 18.0 whose combining class or composition is newer than 9.0, and what it composes with.
# To 9.0 they are letters like any other: each stays as it is, and nothing moves past it. Found by comparing the library
# with unicodedata2 18.0 over all code points; tests compare it with the data of the Python that runs them.
_NEWER = re.compile(
    "(["
    "\u05c8\u05c9\u07fd\u0897-\u089f\u08ca-\u08d3\u09fe\u0c3c\u0d3b\u0d3c\u0eba\u1715\u1abf-\u1af0\u1df6-\u1dfa\ua82c"
    "\U000105c9\U000105d2\U000105da\U000105e4\U00010d24-\U00010d27\U00010d69-\U00010d6d\U00010eab\U00010eac"
    "\U00010ecb-\U00010ecf\U00010ef0-\U00010eff\U00010f46-\U00010f50\U00010f82-\U00010f85\U00011070\U0001133b"
    "\U00011382-\U000113d0\U0001145e\U00011839\U0001183a\U00011930-\U00011943\U000119e0\U00011a34\U00011a47\U00011a99"
    "\U00011d42-\U00011d45\U00011d97\U00011f41\U00011f42\U0001611e-\U0001612f\U00016d63-\U00016d6a\U00016ff0\U00016ff1"
    "\U0001d127\U0001d128\U0001d250-\U0001d281\U0001e08f\U0001e130-\U0001e136\U0001e2ae\U0001e2ec-\U0001e2ef"
    "\U0001e4ec-\U0001e4ef\U0001e5ee\U0001e5ef\U0001e6e3-\U0001e6f5"
    "])"
)


def composed(text: str) -> str:
    """`text` in normal form C of Unicode 9.0."""
    if is_normalized("NFC", text):  # to newer data, and then to older data too
        return text
    return "".join(part if i % 2 else normalize("NFC", part) for i, part in enumerate(_NEWER.split(text)))
