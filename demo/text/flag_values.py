"""Values that people give to Qingmo's flags, as a question names them and as the flag takes them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from demo.text.conversation import Language
from demo.text.words import invented_word, number_word

Named = tuple[str, str]
"""As the question has it, such as `two`, and as the flag takes it, such as `2`."""

_PORTS = ("3000", "5000", "8000", "8081", "8888", "9000", "9090", "7860", "80", "443")
_CONTEXTS = ("512", "1024", "1500", "3000", "4000", "4096", "6000", "8000", "8192", "16384", "32768")
_SIZES = ("0.5B", "1.5B", "3B", "7B")
_QUANTIZATIONS: dict[Language, tuple[Named, ...]] = {
    "en": (
        ("int8", "int8"),
        ("int4", "int4"),
        ("8-bit", "int8"),
        ("4-bit", "int4"),
        ("eight-bit", "int8"),
        ("four-bit", "int4"),
        ("unquantized", "none"),
        ("full-precision", "none"),
    ),
    "zh": (
        ("int8 ", "int8"),
        ("int4 ", "int4"),
        ("8 位", "int8"),
        ("4 位", "int4"),
        ("八位", "int8"),
        ("四位", "int4"),
        ("未量化的", "none"),
        ("全精度", "none"),
    ),
}


def flag_value(rng: Random, kind: str, language: Language) -> Named:
    """A value of one of the kinds below."""
    return _KINDS[kind](rng, language)


def _same(value: object) -> Named:
    return str(value), str(value)


def _port(rng: Random, language: Language) -> Named:
    return _same(rng.choice(_PORTS) if rng.random() < 0.3 else rng.randint(1024, 9999 if rng.random() < 0.7 else 65535))


def _count(rng: Random, language: Language) -> Named:
    """A small number, now and then as a word."""
    n = rng.randint(2, 16 if rng.random() < 0.8 else 64)
    if n > 12 or rng.random() < 0.65:
        return _same(n)
    return "两" if (n, language) == (2, "zh") else number_word(n, language), str(n)


def _context(rng: Random, language: Language) -> Named:
    return _same(rng.choice(_CONTEXTS) if rng.random() < 0.6 else rng.randint(3, 320) * 100)


def _tokens(rng: Random, language: Language) -> Named:
    return _same(rng.choice([20, 50, 64, 100, 128, 200, 256, 300, 1000, 1024, 2000, rng.randint(10, 999)]))


def _quantization(rng: Random, language: Language) -> Named:
    return rng.choice(_QUANTIZATIONS[language])


def _hub_name(rng: Random, language: Language) -> Named:
    size = rng.choice(_SIZES)
    if rng.random() < 0.5:
        return _same(f"Qwen/Qwen2.5-{rng.choice(['', '', 'Coder-', 'Math-'])}{size}{rng.choice(['', '-Instruct'])}")
    return _same(f"{invented_word(rng)}/{invented_word(rng)}-{size}")


def _model(rng: Random, language: Language) -> Named:
    """A folder, or a name on the hub."""
    if rng.random() < 0.35:
        return _hub_name(rng, language)
    start = rng.choice(["/data/", "/models/", "~/", "~/models/", "./", "../", f"/home/{invented_word(rng)}/", "/mnt/"])
    return _same(start + "/".join(_folder_name(rng) for _ in range(rng.choice([1, 1, 2]))))


def _folder_name(rng: Random) -> str:
    return (
        invented_word(rng) if rng.random() < 0.6 else rng.choice(["my-model", "qwen", "checkpoint", "tuned", "weights"])
    )


def _memory(rng: Random, language: Language) -> Named:
    return _same(rng.choice([f"{rng.randint(1, 16)}G", f"{rng.randint(1, 9)}00M", "256M", "512M"]))


def _temperature(rng: Random, language: Language) -> Named:
    return _same(f"{rng.randint(0, 1)}.{rng.randint(0, 9)}")


def _seed(rng: Random, language: Language) -> Named:
    return _same(rng.randint(0, 10 ** rng.randint(1, 4)))


def _name(rng: Random, language: Language) -> Named:
    return _same(rng.choice([invented_word(rng), f"my-{invented_word(rng)}", "gpt-4o-mini", "qwen", "local"]))


_KINDS: dict[str, Callable[[Random, Language], Named]] = {
    "port": _port,
    "count": _count,
    "context": _context,
    "tokens": _tokens,
    "quantization": _quantization,
    "hub": _hub_name,
    "model": _model,
    "memory": _memory,
    "temperature": _temperature,
    "seed": _seed,
    "name": _name,
}
