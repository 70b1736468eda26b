"""Kind 9, answers of a given form: JSON with given keys, bullet points of given items, a title."""

from __future__ import annotations

import json
from random import Random

from demo.text import arithmetic, words
from demo.text.conversation import LANGUAGES, Conversation, Language, Message, Turn
from demo.text.facts import any_fact
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, expand, say, with_articles

_PATTERNS = read_patterns("forms")
_COUNTRIES = {language: " ".join(_PATTERNS["countries"][language]).split() for language in LANGUAGES}
_KEYS_ZH = {key: names[0] for key, names in _PATTERNS["keys"].items()}
_QUOTES: dict[Language, list[str]] = {"en": ["{}", "{}", '"{}"', "'{}'"], "zh": ["{}", "{}", "“{}”", '"{}"']}
_ANSWER_KEYS = ("answer", "result", "reply", "text", "response", "output", "value")


def conversation(rng: Random) -> Conversation:
    language: Language = rng.choice(LANGUAGES)
    chance = rng.random()
    if chance < 0.35:
        return _json_of_facts(rng, language)
    if chance < 0.6:
        return _json_of_answer(rng, language)
    make = _bullets if chance < 0.8 else _title
    return Conversation([m for _ in range(rng.choice([1, 1, 2])) for m in make(rng, language).messages()])


def _json_of_facts(rng: Random, language: Language) -> Conversation:
    """What a sentence says, under the keys asked for, which stand in the system prompt or before the sentence."""
    named, pattern = rng.choice([(key, p) for key, ps in _PATTERNS["facts"].items() for p in ps if key[:2] == language])
    keys = named.split()[1:]
    rng.shuffle(keys)
    in_chinese = language == "zh" and rng.random() < 0.35
    as_named = {key: _KEYS_ZH[key] if in_chinese else key for key in keys}
    told = say(rng, _PATTERNS["json"][language], k=_listed(rng, list(as_named.values()), language))
    in_system = rng.random() < 0.35
    messages: list[Message] = []
    for _ in range(rng.choice([1, 1, 2])):
        values = {key: _value(rng, key, language) for key in keys}
        if "country" in values:  # no city of this world, which would be put into another country
            values["city"] = words.invented_word(rng, 2).capitalize() if language == "en" else _place(rng)
        sentence = with_articles(expand(rng, pattern, **values))
        answer = json.dumps({as_named[key]: values[key] for key in keys}, ensure_ascii=False)
        question = sentence if in_system else _with_instruction(rng, told, sentence, language)
        messages += Turn(question, answer).messages()
    system = [Message("system", told + ("." if language == "en" else "。"))] if in_system else []
    return Conversation([*system, *messages])


def _with_instruction(rng: Random, told: str, sentence: str, language: Language) -> str:
    if rng.random() < 0.7:
        return f"{told}: {sentence}" if language == "en" else f"{told}：{sentence}"
    return f"{sentence} {told}." if language == "en" else f"{sentence}{told}。"


def _json_of_answer(rng: Random, language: Language) -> Conversation:
    """A question's answer under one key."""
    key = rng.choice(_ANSWER_KEYS) if language == "en" or rng.random() < 0.7 else rng.choice(["答案", "结果", "回答"])
    told = say(rng, _PATTERNS["answer key"][language], k=rng.choice(_QUOTES[language]).format(key))
    with_word = rng.random() < 0.5
    turns = [_answered(rng, language, key, with_word) for _ in range(rng.choice([1, 1, 2]))]
    if rng.random() < 0.6:
        return Conversation([Message("system", told), *(m for turn in turns for m in turn.messages())])
    turns = [Turn(_beside(rng, told, turn.question, language), turn.answer) for turn in turns]
    return Conversation([m for turn in turns for m in turn.messages()])


def _answered(rng: Random, language: Language, key: str, with_word: bool) -> Turn:
    """A sum or a fact, its answer as JSON under the key."""
    if rng.random() < 0.25:
        a, sign, b, result = arithmetic.problem(rng)
        question = arithmetic.question(rng, language, a, sign, b)
        return Turn(question, json.dumps({key: result}, ensure_ascii=False))
    turn = any_fact(rng, with_word=with_word).turn(rng, language, length="word" if with_word else "short")
    return Turn(turn.question, json.dumps({key: turn.answer}, ensure_ascii=False))


def _beside(rng: Random, told: str, question: str, language: Language) -> str:
    """The instruction before the question, or behind it where that ends as a sentence does."""
    before = rng.random() < 0.5 or not question.endswith(("?", "？", ".", "。"))
    return (" " if language == "en" else "").join([told, question] if before else [question, told])


def _value(rng: Random, key: str, language: Language) -> str | int:
    if key == "age":
        return rng.randint(3, 95)
    if key == "price":
        return rng.randint(1, 10 ** rng.choice([1, 2, 2, 3]))
    if key == "country":
        return rng.choice(_COUNTRIES[language])
    if key == "colour":
        return rng.choice(words.COLOURS[language])
    if key == "job":
        return rng.choice(words.JOBS[language])
    if key == "item":
        return words.noun(rng, language)
    return words.city(rng, language) if key == "city" else words.first_name(rng, language)


def _place(rng: Random) -> str:
    return words.invented_characters(rng, 2) + "市"


def _listed(rng: Random, keys: list[str], language: Language) -> str:
    marks = rng.choice(_QUOTES[language])
    quoted = [marks.format(key) for key in keys]
    comma, last = (", ", " and ") if language == "en" else ("、", "和")
    return comma.join(quoted[:-1]) + last + quoted[-1]


def _bullets(rng: Random, language: Language) -> Turn:
    listed = rng.choice([words.FOODS, words.HOBBIES, words.NOUNS])
    count = rng.choice([2, 3, 3, 4, 5])
    items = list(dict.fromkeys(words.from_list(rng, listed, language) for _ in range(count)))
    joined = rng.choice([", ", "; ", ", "] if language == "en" else ["、", "，", "、"]).join(items)
    question = say(rng, _PATTERNS["bullets"][language], i=joined)
    return Turn(question, "\n".join("- " + item for item in items))


def _title(rng: Random, language: Language) -> Turn:
    a, b = words.noun(rng, language), words.noun(rng, language)
    two = rng.random() < 0.6 and a != b
    question = ask(rng, _PATTERNS["title of two" if two else "title of one"][language], language, w=a, x=b)
    if language == "zh":
        return Turn(question, f"《{a}与{b}》" if two else f"《{a}》")
    return Turn(
        with_articles(question), f"The {a.capitalize()} and the {b.capitalize()}" if two else f"The {a.capitalize()}"
    )
