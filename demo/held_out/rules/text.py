"""Rules about words: what an answer says, what it does not, in which language and at what length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from demo.held_out.rules import Rule

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_CLAUSE_END = re.compile(r"[。！？；，\n;!?]|\.(?=\s|$)")  # not the comma of English lists, which takes no "not" away
_DENIAL = re.compile(
    r"\b(?:not?|nor|never|neither|nothing|none|without|cannot|than|unlike|instead|stop|avoid|reduce|less)\b|n['’]t\b"
    r"|不|没|無|无|非|未|别|勿|比|减少|停止|避免|暂停",
    re.IGNORECASE,
)
_DENIED_AHEAD = re.compile(
    r"(?:\b(?:no|not|never|without)\b|n['’]t\b)[^,:]{0,20}$|(?:不[需用必要宜]|无[需须]|别|勿)要?$", re.I
)


def says(*wanted: str) -> Rule:
    """All of them. A name of Latin letters or digits is found as a whole: "7" is not in "17", "cat" not in "category".

    Alternatives stand in one string with | between them.
    """

    def rule(answer: str) -> str | None:
        missing = [each for each in wanted if not any(contains(answer, word) for word in each.split("|"))]
        return f"does not say {', '.join(missing)}" if missing else None

    return rule


def says_some(count: int, *wanted: str) -> Rule:
    """At least `count` of them; alternatives as in `says`."""

    def rule(answer: str) -> str | None:
        found = sum(says(each)(answer) is None for each in wanted)
        return None if found >= count else f"says {found} of {', '.join(wanted)}; {count} are wanted"

    return rule


def never_says(*unwanted: str) -> Rule:
    """None of them, in whatever sense."""

    def rule(answer: str) -> str | None:
        found = [word for word in unwanted if contains(answer, word)]
        return f"says {', '.join(found)}" if found else None

    return rule


def matches(pattern: str) -> Rule:
    """The regular expression is found in it, letter case aside."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda answer: None if compiled.search(plain(answer)) else f"does not match {pattern}"


def never_matches(pattern: str) -> Rule:
    """The regular expression is found nowhere in it, letter case aside."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def rule(answer: str) -> str | None:
        found = compiled.search(plain(answer))
        return f"has {found[0]!r}" if found else None

    return rule


def claims(pattern: str) -> Rule:
    """The regular expression is found where the words before it do not deny it: "heat it", not "no need to heat it"."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def rule(answer: str) -> str | None:
        for clause in _CLAUSE_END.split(answer):
            text = plain(clause)
            if any(not _DENIED_AHEAD.search(text[: found.start()]) for found in compiled.finditer(text)):
                return None
        return f"does not claim {pattern}"

    return rule


def never_claims(pattern: str) -> Rule:
    """The regular expression is found only where its clause denies it or compares with it: "no need to heat"."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def rule(answer: str) -> str | None:
        for clause in _CLAUSE_END.split(answer):
            found = compiled.search(plain(clause))
            if found and not _DENIAL.search(clause):
                return f"claims {found[0]!r}"
        return None

    return rule


def in_chinese(answer: str) -> str | None:
    """More Chinese characters than English words; flags and names may be Latin."""
    chinese, words = _counts(answer)
    return None if chinese > words else "is not in Chinese"


def in_english(answer: str) -> str | None:
    """A Chinese name may stand in it, no more."""
    chinese, words = _counts(answer)
    return None if words > 0 and chinese * 2 <= words else "is not in English"


def at_most_words(count: int) -> Rule:
    """A number is a word too."""

    def rule(answer: str) -> str | None:
        words = len(re.findall(r"[A-Za-z0-9]+(?:['’.,-][A-Za-z0-9]+)*", answer)) + len(_CHINESE.findall(answer))
        return None if 0 < words <= count else f"has {words} words; 1 to {count} are wanted"

    return rule


def at_most_characters(count: int) -> Rule:
    """Chinese characters, Latin words and numbers are one each, as Chinese word counts go; punctuation is none."""

    def rule(answer: str) -> str | None:
        length = len(_CHINESE.findall(answer)) + len(re.findall(r"[A-Za-z0-9][A-Za-z0-9.'’-]*", answer))
        return None if 0 < length <= count else f"has {length} characters; 1 to {count} are wanted"

    return rule


def one_sentence(answer: str) -> str | None:
    """One line that ends once."""
    sentences = [part for part in re.split(r"[。！？\n!?]|\.(?=\s|$)", answer) if re.search(r"\w", part)]
    return None if len(sentences) == 1 else f"has {len(sentences)} sentences"


def all_of(*rules: Rule) -> Rule:
    """Every rule; the first complaint is given."""
    return lambda answer: first_complaint(answer, rules)


def first_complaint(answer: str, rules: Iterable[Rule]) -> str | None:
    """What the first rule that is broken says of the answer; None where all are kept."""
    return next((complaint for rule in rules if (complaint := rule(answer)) is not None), None)


def contains(answer: str, words: str) -> bool:
    """Whether the words stand in it, letter case, width and the kind of spaces aside, and not inside a longer word."""
    wanted = r"\s+".join(re.escape(part) for part in plain(words).split())
    before = r"(?<![A-Za-z0-9])" if re.match(r"[A-Za-z0-9]", words) else ""
    after = r"(?![A-Za-z0-9])" if re.search(r"[A-Za-z0-9]$", words) else ""
    return re.search(before + wanted + after, plain(answer), re.IGNORECASE) is not None


def plain(text: str) -> str:
    """Full-width letters and digits as ASCII, typographic apostrophes and hyphens as typed ones."""
    return unicodedata.normalize("NFKC", text).translate({0x2019: "'", 0x2010: "-", 0x2011: "-", 0x2212: "-"})


def _counts(answer: str) -> tuple[int, int]:
    return len(_CHINESE.findall(answer)), len(_WORD.findall(answer))
