"""Names, places, numbers and codes that an answer must copy: mostly made up, so that only copying can answer."""

from __future__ import annotations

from pathlib import Path
from random import Random

from demo.text.conversation import LANGUAGES, Language
from demo.text.pattern_files import read_patterns

COMMON_CHARACTERS = Path(__file__).with_name("characters.txt").read_text(encoding="utf-8").replace("\n", "")
"""Chinese characters by falling frequency, then those of many names; each is a token of its own."""
_RARE_CHARACTERS = sorted(
    set(bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    - {"", *COMMON_CHARACTERS}
)
RARE = 0.15  # of the invented pieces of Chinese hold a character that is no token


def _lists(section: str) -> dict[Language, list[str]]:
    return {language: " ".join(_WORDS[section][language]).split() for language in LANGUAGES}


_WORDS = read_patterns("words")
COLOURS, JOBS, ANIMALS, FOODS, HOBBIES, NOUNS, _CITIES, THINGS, EVENTS = (
    _lists(name) for name in ("colours", "jobs", "animals", "foods", "hobbies", "nouns", "cities", "things", "events")
)
_OTHERS = _WORDS["people and numbers"]
_FIRST_NAMES, _SURNAMES = (" ".join(_OTHERS[key]).split() for key in ("first", "surnames"))
_NUMBERS, _TENS = (" ".join(_OTHERS[key]).split() for key in ("numbers", "tens"))
_ONSETS, _VOWELS, _ENDS = (" ".join(_WORDS["syllables"][key]).split() for key in ("onsets", "vowels", "ends"))
_DIGITS = "零一二三四五六七八九"
_PLACE_ENDS = {
    "en": ["", "", "", "ville", "ton", "burg", "ford", " Bay", " Hill", "port"],
    "zh": ["", "", "市", "镇", "村", "县", "港", "山", "城"],
}


def invented_word(rng: Random, syllables: int = 0) -> str:
    """A word of no language in small letters, of `syllables` or of one to three."""
    count = syllables or rng.choice([1, 2, 2, 2, 3])
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + _end(rng, i + 1 == count) for i in range(count))


def _end(rng: Random, last: bool) -> str:
    """What closes a syllable, often nothing; one inside a word closes with a single consonant."""
    if rng.random() < (0.15 if last else 0.4):
        return ""
    return rng.choice(_ENDS if last else _ENDS[:5])


def invented_characters(rng: Random, count: int) -> str:
    """Chinese characters that make no sense together; any common one, frequent ones no more often than others.

    Now and then one that is spelled in bytes, so that such are copied as well.
    """
    made = [rng.choice(COMMON_CHARACTERS) for _ in range(count)]
    if rng.random() < RARE:
        made[rng.randrange(count)] = rng.choice(_RARE_CHARACTERS) if rng.random() < 0.7 else _any_character(rng)
    return "".join(made)


def _any_character(rng: Random) -> str:
    return chr(rng.randint(0x4E00, 0x9FA5))


def person(rng: Random, language: Language) -> str:
    """A person's name: in English a first name, half of the time with a family name."""
    if language == "zh":
        if rng.random() < 0.15:
            return rng.choice("小阿老") + invented_characters(rng, 1)
        return rng.choice(_SURNAMES) + invented_characters(rng, rng.choice([1, 2, 2]))
    first = rng.choice(_FIRST_NAMES) if rng.random() < 0.3 else invented_word(rng).capitalize()
    return first if rng.random() < 0.5 else f"{first} {invented_word(rng).capitalize()}"


def first_name(rng: Random, language: Language) -> str:
    return person(rng, language).split(" ")[0]


def city(rng: Random, language: Language) -> str:
    if rng.random() < 0.35:
        return rng.choice(_CITIES[language])
    end = rng.choice(_PLACE_ENDS[language])
    if language == "zh":
        return invented_characters(rng, 2) + end
    return invented_word(rng).capitalize() + end


def code(rng: Random) -> str:
    """A part number, a room, a booking code: letters and digits in one of the usual shapes."""
    shape = rng.choice(
        [
            "AA-9999",
            "A-999",
            "AAA-99",
            "AA999",
            "A9",
            "A-99-A",
            "AAAA-9",
            "9999-AA",
            "AA-99-99",
            "A999A",
            "AA9999",
            "AAA999",
            "99-A-99",
            "9A9A",
            "AA-999A",
            "A9-9999",
            "AAA-9999",
        ]
    )
    letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    return "".join(rng.choice(letters) if c == "A" else rng.choice(digits) if c == "9" else c for c in shape)


def number(rng: Random) -> str:
    """A number of one to five digits, small ones more often; now and then with decimals."""
    value = str(rng.randint(1, 10 ** rng.choice([1, 2, 2, 3, 3, 4, 5])))
    return value + "." + str(rng.randint(0, 99)) if rng.random() < 0.12 else value


def number_word(value: int, language: Language) -> str:
    """A number from 0 to 99 in words."""
    tens, ones = divmod(value, 10)
    if language == "en":
        if value <= 20:
            return _NUMBERS[value]
        return _TENS[tens - 2] + ("-" + _NUMBERS[ones]) * (ones > 0)
    return _DIGITS[value] if value < 10 else _DIGITS[tens] * (tens > 1) + "十" + _DIGITS[ones] * (ones > 0)


def noun(rng: Random, language: Language) -> str:
    """A thing, from the list or made up."""
    if rng.random() < 0.5:
        return rng.choice(NOUNS[language])
    return invented_word(rng) if language == "en" else invented_characters(rng, rng.choice([2, 2, 3]))


def from_list(rng: Random, lists: dict[Language, list[str]], language: Language) -> str:
    """A word of a list, sometimes a noun from outside it, so that what is said is copied and not guessed."""
    return rng.choice(lists[language]) if rng.random() < 0.7 else noun(rng, language)
