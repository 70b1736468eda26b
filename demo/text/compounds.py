"""Sentences of passages that say several things of one person, thing or place at once."""

from __future__ import annotations

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say
from demo.text.predicates import Pool
from demo.text.statements import Statement, capitalized, place

_PATTERNS = read_patterns("compounds")


def profile(pool: Pool) -> Statement:
    """A person's age, town, role and year, in one sentence."""
    rng, language = pool.rng, pool.language
    slots = {
        "a": words.person(rng, language),
        "r": pool.draw("roles"),
        "g": pool.group(),
        "c": words.city(rng, language),
        "y": str(rng.randint(1900, 2040)),
        "n": str(rng.randint(18, 90)),
    }
    kinds = {"who": "a", "role": "r", "group": "g", "town": "c", "year": "y", "age": "n"}
    return _stated(pool, "profile", slots, {kind: slots[slot] for kind, slot in kinds.items()})


def hours(pool: Pool) -> Statement:
    """Two times of one thing, such as when it opens and when it closes."""
    first, second = _one_of(pool, "hours").split("/")
    made = [values.time(pool.rng, pool.language) for _ in range(2)]
    subject = pool.rng.choice([pool.group(), place(pool), pool.thing()])
    slots = {"e": subject, "k": first, "l": second, "v": made[0], "w": made[1]}
    return _stated(pool, "hours", slots, {"first": made[0], "second": made[1]})


def adjective(pool: Pool) -> Statement:
    """How tall, long, deep a thing is, sometimes with its year."""
    rng, (word, name, unit) = pool.rng, _one_of(pool, "adjective").split("/")
    space = " " if pool.language == "en" or rng.random() < 0.3 else ""
    value, year = f"{words.number(rng)}{space}{unit}", str(rng.randint(1700, 2040))
    slots = {"e": rng.choice([pool.thing(), place(pool)]), "k": word, "m": name, "v": value, "y": year}
    made = _stated(pool, "adjective", slots, {"asked": value, "year": year})
    return made if year in made.text else Statement(made.text, made.asked[:1], [made.asked[1].question])


def measures(pool: Pool) -> Statement:
    """Two to four measures of one thing."""
    language = pool.language
    made: dict[str, str] = {}
    for _ in range(pool.rng.choice([2, 2, 3, 4])):
        name, value = pool.like(()).measure()
        made.setdefault(name, value)
    form = "[{n}{v}|{n}为{v}|{n}是{v}]" if language == "zh" else "[a {n} of {v}|a {n} of {v}|{n} {v}]"
    form = pool.rng.choice(form[1:-1].split("|"))
    parts = [say(pool.rng, form, n=name, v=value) for name, value in made.items()]
    return _listed(pool, "list", {"e": pool.thing(), "l": _joined(pool, parts)}, "m", made)


def crowds(pool: Pool) -> Statement:
    """Two or three sorts of things counted in one place."""
    made: dict[str, str] = {}
    for _ in range(pool.rng.choice([2, 2, 3])):
        made.setdefault("".join(pool.like(()).crowd()), str(pool.rng.randint(2, 10 ** pool.rng.choice([1, 2, 3]))))
    space = "" if pool.language == "zh" else " "
    parts = [f"{value}{space}{name}" for name, value in made.items()]
    return _listed(pool, "crowds", {"p": place(pool), "l": _joined(pool, parts)}, "x", made)


SORTS = {profile: 2, hours: 1, adjective: 2, measures: 2, crowds: 2}


def _joined(pool: Pool, parts: list[str]) -> str:
    comma, last = ("、", "和") if pool.language == "zh" else (", ", " and ")
    if pool.language == "zh":
        comma, last = pool.rng.choice([("、", "和"), ("，", "，"), ("，", "，"), ("、", "以及")])
    return last.join([comma.join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _one_of(pool: Pool, sort: str) -> str:
    return pool.rng.choice(_PATTERNS[sort][f"pairs {pool.language}"][0].split()).replace("\\s", " ")


def _listed(pool: Pool, sort: str, slots: dict[str, str], slot: str, made: dict[str, str]) -> Statement:
    asked = [_asked(pool, sort, "asked", slots | {slot: name}, value) for name, value in made.items()]
    text = say(pool.rng, _PATTERNS[sort][f"told {pool.language}"], **slots)
    return Statement(capitalized(text, pool.language), asked)


def _stated(pool: Pool, sort: str, slots: dict[str, str], answers: dict[str, str]) -> Statement:
    text = say(pool.rng, _PATTERNS[sort][f"told {pool.language}"], **slots)
    asked = [_asked(pool, sort, kind, slots, answer) for kind, answer in answers.items()]
    return Statement(capitalized(text, pool.language), asked)


def _asked(pool: Pool, sort: str, kind: str, slots: dict[str, str], answer: str) -> Turn:
    return Turn(ask(pool.rng, _PATTERNS[sort][f"{kind} {pool.language}"], pool.language, **slots), answer)
