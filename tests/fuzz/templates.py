"""Chat templates that are broken, endless, or take more than they should."""

from __future__ import annotations

from random import Random

PARTS = (
    "{{ messages }}",
    "{{ messages[0].content }}",
    "{{ messages[9] }}",
    "{{ nothing.at.all }}",
    "{{ messages | nothing }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in messages %}",
    "{% endif %}",
    "{% if messages %}",
    "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
    "{% include 'config.json' %}",
    "{% extends '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{{ ''.__class__.__mro__ }}",
    "{{ 'a' * 9999999999 }}",
    "{{ [1] * 9999999999 }}",
    "{% set a = 'a' * 99999 %}{{ a * 99999 }}",
    "{{ 9 ** 99999999 }}",
    "{{ 1 // 0 }}",
    "{{ 1 % 0 }}",
    "{{ -9223372036854775808 // -1 }}",
    "{{ range(99999999999) }}",
    "{{ 'a'.ljust(9999999999) }}",
    "{{ 'ab'.replace('', 'x' * 99999) }}",
    "{{ messages | tojson(indent=999999999) }}",
    "{{ messages | tojson(separators=1) }}",
    "{{ raise_exception('no') }}",
    "{{ raise_exception(messages) }}",
    "{{ raise_exception() }}",
    "{{ strftime_now('%Y') }}",
    "{{ strftime_now('%' * 99) }}",
    "{{ strftime_now(1) }}",
    "{{ strftime_now('\\ud800') }}",
    "{{ tojson }}",
    "{{ namespace(a=1).a }}",
    "{{ messages | map('x') | list }}",
    "{{ messages | batch(0) | list }}",
    "{{ messages | slice(0) | list }}",
    "{{ eos_token[99:] }}",
    "{{ 'é'[:1] }}",
    "{{ ['a'] | join('b' * 99999) }}",
    "<|im_start|>",
    "<|im_end|>",
    "{#",
    "#}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{% raw %}",
    "{% endraw %}",
    "\0",
    "\u202e",
    "{{ '\\u0000' }}",
)
NESTED = (
    ("{{ ", "(", "1", ")", " }}"),
    ("{{ ", "[", "", "]", " }}"),
    ("{{ ", "-", "1", "", " }}"),
    ("{{ ", "not ", "1", "", " }}"),
    ("", "{% if 1 %}", "", "{% endif %}", ""),
    ("", "{% for a in messages %}", "", "{% endfor %}", ""),
    ("{{ 1", "+ 1", "", "", " }}"),
    ("{{ a", ".a", "", "", " }}"),
    ("{{ a", "()", "", "", " }}"),
    ("{{ a", "|a", "", "", " }}"),
)


def damaged_template(random: Random, source: str) -> str:
    """The template with parts cut out, moved, or put in that somebody may have written."""
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(source) + 1)
        choice = random.random()
        if choice < 0.2:
            source = source[:at] + source[at + random.choice((1, 2, 5, 50)) :]
        elif choice < 0.3:
            source = source[at:] + source[:at]
        elif choice < 0.9:
            source = source[:at] + random.choice(PARTS) + source[at:]
        else:
            source = source[:at] + _nested(random) + source[at:]
    return source


def _nested(random: Random) -> str:
    begin, opening, middle, closing, end = random.choice(NESTED)
    depth = random.choice((10, 100, 1000, 50_000))
    return begin + opening * depth + middle + closing * depth + end
