"""Qingmo (轻模): the fastest, lightest and easiest way to run a small language model on an ordinary computer.

    from qingmo import LLM, SamplingParams

    with LLM() as llm:
        print(llm.chat([{"role": "user", "content": "你好，你是谁？"}])[0].text)

The names in `__all__` are the public interface; everything else is free to change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qingmo.errors import QingmoError
    from qingmo.llm import LLM
    from qingmo.sampling_params import SamplingParams

__version__ = "0.1.0"

_HOME = {"LLM": "qingmo.llm", "QingmoError": "qingmo.errors", "SamplingParams": "qingmo.sampling_params"}

__all__ = ["LLM", "QingmoError", "SamplingParams", "__version__"]


def __getattr__(name: str) -> Any:
    # `qingmo --help` imports this package too and should not pay for numpy and the tokenizer.
    if name not in _HOME:
        raise AttributeError(f"module 'qingmo' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
