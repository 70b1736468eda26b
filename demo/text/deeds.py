"""Dense sentences: who did what to which thing, when, where, under which number, how much, with whom, for whom."""

from __future__ import annotations

from dataclasses import dataclass

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say
from demo.text.predicates import Pool
from demo.text.statements import Statement, capitalized, place
from demo.text.synonyms import clause, verb_asked

_PATTERNS = read_patterns("deeds")
_ADJUNCTS = ["when", "where", "code", "measure", "crowd", "for", "route"]


@dataclass
class _Adjunct:
    """What a sentence adds to a deed: its words, and by kind of question what it answers."""

    words: str
    answers: dict[str, str]
    in_front: bool = False  # whether it may begin the sentence


def deed(pool: Pool) -> Statement:
    """One to five things beside who did what; questions for all of them, and some that it does not answer."""
    rng, language = pool.rng, pool.language
    agent = words.person(rng, language)
    base, past, participle = pool.verb()
    slots = {"a": agent, "v": base, "V": past, "P": participle}
    object_, answers = _object(pool, slots)
    slots["o"] = object_
    answers["who"] = agent
    named = agent + _role(pool, slots, answers) if rng.random() < 0.3 else agent
    kinds = rng.sample(_ADJUNCTS, rng.choice([1, 2, 2, 3, 3, 4, 5]))
    adjuncts = [_MAKERS[kind](pool, slots) for kind in kinds]
    for adjunct in adjuncts:
        answers |= adjunct.answers
    untold = [kind for kind in ("when", "where", "for") if kind not in kinds and "route" not in kinds]
    if rng.random() < 0.2:
        return _by_nobody(pool, slots, answers, adjuncts)
    text = _sentence(pool, "sentence", slots | {"a": named}, adjuncts)
    asked = [Turn(_asked(pool, _patterns(pool, kind, slots), slots), answer) for kind, answer in answers.items()]
    return Statement(text, asked, [_asked(pool, _patterns(pool, kind, slots), slots) for kind in untold])


def _by_nobody(pool: Pool, slots: dict[str, str], answers: dict[str, str], adjuncts: list[_Adjunct]) -> Statement:
    """The same without the person, who may be asked for in vain."""
    text = _sentence(pool, "by nobody", slots, adjuncts)
    asked = []
    for kind, answer in answers.items():
        patterns = [p.replace("[ by {a}|]", "") for p in _patterns(pool, kind, slots)]
        patterns = [p for p in patterns if "{a}" not in p]
        if patterns and kind not in ("who", "role", "holder"):
            asked.append(Turn(_asked(pool, patterns, slots), answer))
    return Statement(text, asked, [_asked(pool, _patterns(pool, "who", slots), slots)])


def _asked(pool: Pool, patterns: list[str], slots: dict[str, str]) -> str:
    base, past, participle = verb_asked(pool, (slots["v"], slots["V"], slots["P"]))
    slots = slots | {"v": base, "V": past, "P": participle}
    return ask(pool.rng, patterns, pool.language, **slots)


def _patterns(pool: Pool, kind: str, slots: dict[str, str]) -> list[str]:
    patterns = _PATTERNS[kind][pool.language]
    if "counted" not in slots:
        return patterns
    return [p.replace("was {o}", "were {o}").replace("{o} was", "{o} were") for p in patterns]


def _object(pool: Pool, slots: dict[str, str]) -> tuple[str, dict[str, str]]:
    """One thing, several that are counted, or an amount of something."""
    rng = pool.rng
    if rng.random() < 0.15:
        stuff, value = pool.stuff()
        slots |= {"x": stuff, "l": ""}
        slots["amount"] = f"{value} of {stuff}" if pool.language == "en" else f"{value}{stuff}"
        return f"the {stuff}" if pool.language == "en" else stuff, {"much": value}
    if rng.random() < 0.65:
        thing = pool.thing()
        return thing, {"what": thing}
    measure_word, _, plural = pool.counted()
    amount = str(rng.randint(2, 10 ** rng.choice([1, 2, 3])))
    slots |= {"x": plural, "l": measure_word}
    space = " " if pool.language == "en" else ""
    slots["counted"] = f"{amount}{space}{measure_word}{plural}"
    return f"the {plural}" if pool.language == "en" else plural, {"many": amount}


def _role(pool: Pool, slots: dict[str, str], answers: dict[str, str]) -> str:
    role = Pool(pool.rng, pool.language).draw("roles")  # never one that another sentence has
    slots["r"] = role
    answers |= {"role": role, "holder": slots["a"]}
    if pool.language == "zh":
        return pool.rng.choice([f"（{role}）", f"（担任{role}）"])
    return pool.rng.choice([f", the {role},", f" ({role})", f", who is the {role},"])


def _sentence(pool: Pool, sort: str, slots: dict[str, str], adjuncts: list[_Adjunct]) -> str:
    rng, language = pool.rng, pool.language
    front = ""
    if adjuncts[0].in_front and rng.random() < 0.5:
        front = adjuncts.pop(0).words.strip()
        front = front + ("，" if language == "zh" else ", ")
    behind = [a.words for a in adjuncts if language == "en" or not a.words.startswith("，")]
    last = [a.words for a in adjuncts if a.words not in behind]
    told = say(rng, _PATTERNS[sort][language])
    if rng.random() < 0.15:
        (last if language == "zh" else behind).append(clause(pool))
    shown = slots | {
        "o": slots.get("counted", slots.get("amount", slots["o"])),
        "f": front,
        "w": "".join(behind),
        "z": "".join(last),
    }
    if "counted" in slots:
        told = told.replace(" was {P}", " were {P}")
    return capitalized(say(rng, told, **shown).replace(",.", "."), language)


def _when(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    rng, language = pool.rng, pool.language
    if rng.random() < 0.3:
        value = values.time(rng, language)
        return _Adjunct(f" at {value}" if language == "en" else rng.choice(["", "于"]) + value, {"when": value}, True)
    value = values.date(rng, language)
    has_day = (value[0].isdigit() and len(value) > 4) or "," in value
    preposition = "on" if has_day else "in"
    return _Adjunct(
        f" {preposition} {value}" if language == "en" else rng.choice("于在") + value, {"when": value}, True
    )


def _where(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    value = place(pool)
    return _Adjunct(f" in {value}" if pool.language == "en" else f"在{value}", {"where": value}, True)


def _code(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    slots["c"], value = pool.draw("codes"), words.code(pool.rng)
    form = "，{c}[为|是|]{v}" if pool.language == "zh" else "[ under| with| using][| the] {c} {v}| ({c} {v})"
    return _Adjunct(
        say(pool.rng, form if pool.language == "zh" else f"[{form}]", c=slots["c"], v=value), {"code": value}
    )


def _measure(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    slots["m"], value = pool.measure()
    form = "，{m}[为|是|]{v}" if pool.language == "zh" else "[, with a {m} of {v},| at a {m} of {v}|, {m} {v},]"
    return _Adjunct(say(pool.rng, form, m=slots["m"], v=value), {"measure": value})


def _crowd(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    fresh = pool.like(())
    measure_word, noun = fresh.crowd()
    value = str(pool.rng.randint(2, 90))
    if "counted" in slots or "amount" in slots:  # its own nouns are asked for already
        return _Adjunct("", {})
    slots |= {"x": noun, "l": measure_word}
    form = "[带着|和]{n}{l}{x}[一起|]" if pool.language == "zh" else " [together with|with the help of|with] {n} {x}"
    return _Adjunct(say(pool.rng, form, n=value, l=measure_word, x=noun), {"crowd": value})


def _for(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    value = pool.rng.choice([words.person(pool.rng, pool.language), pool.group()])
    form = "[为|替]{v}" if pool.language == "zh" else " [for|on behalf of] {v}"
    return _Adjunct(say(pool.rng, form, v=value), {"for": value})


def _route(pool: Pool, slots: dict[str, str]) -> _Adjunct:
    start, end = (words.city(pool.rng, pool.language) for _ in range(2))
    if pool.language == "zh":
        return _Adjunct(f"，从{start}到{end}", {"from": start, "to": end})
    return _Adjunct(f" from {start} to {end}", {"from": start, "to": end})


_MAKERS = dict(zip(_ADJUNCTS, (_when, _where, _code, _measure, _crowd, _for, _route), strict=True))
