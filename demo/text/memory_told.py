"""Kind 10: things told in whole sentences, perhaps changed later, by the user alone or of several people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from demo.text import memory, words
from demo.text.conversation import LANGUAGES, Conversation, Language, Turn
from demo.text.memory_values import value
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, say, tell, with_articles

OtherTalk = Callable[[Random, Language], Turn]

_PATTERNS = dict(read_patterns("memory_told"))
_AROUND, _TRAIT, _ = (_PATTERNS.pop(name) for name in ("around", "trait", "words"))
_PEOPLE = dict(read_patterns("memory_people"))
_TOGETHER = _PEOPLE.pop("together")
_BRIEF = 0.2  # of what is told is answered without repeating it: then only the user's words hold it
_AND: dict[Language, tuple[str, str]] = {"en": (", ", " and "), "zh": ("，", "，")}


class Topic:
    """One thing that a user may tell: how it is said, asked for and answered, in both languages."""

    def __init__(self, key: str, section: Section) -> None:
        self.key, self._section = key, section

    def value(self, rng: Random, language: Language) -> str:
        if self.key in memory.TRAITS:
            return memory.MAKERS[self.key](rng, language)
        return value(rng, self._section["value"][0], language)

    def told(self, rng: Random, language: Language, v: str) -> str:
        return with_articles(tell(rng, self._section[f"told {language}"], language, v=v))

    def noted(self, rng: Random, language: Language, v: str) -> str:
        if rng.random() < _BRIEF:
            return say(rng, _AROUND[f"brief {language}"])
        if self.key in memory.TRAITS:
            return say(rng, _TRAIT[f"noted {language}"], t=self._trait(language), v=v)
        said = say(rng, self._section[f"says {language}"], v=v)
        return say(rng, _TOGETHER[f"noted {language}"], s=said)

    def asked(self, rng: Random, language: Language) -> str:
        return _led(rng, ask(rng, self._section[f"asked {language}"], language), language)

    def answer(self, rng: Random, language: Language, v: str) -> str:
        if self.key in memory.TRAITS:
            return say(rng, _TRAIT[f"answer {language}"], t=self._trait(language), v=v)
        said = say(rng, self._section[f"says {language}"], v=v)
        return f"{said[0].upper()}{said[1:]}{'.' if language == 'en' else '。'}"

    def unknown(self, rng: Random, language: Language) -> str:
        if self.key in memory.TRAITS:
            return say(rng, _TRAIT[f"unknown {language}"], t=self._trait(language))
        what = self._section[f"unknown {language}"][0]
        return f"You have not told me {what} yet." if language == "en" else f"你还没有告诉我{what}。"

    def _trait(self, language: Language) -> str:
        name = self._section[f"name {language}"][0]
        return name if language == "en" or name.startswith("最") else "的" + name


_TOPICS = [Topic(key, section) for key, section in (*_PATTERNS.items(), *memory.TRAITS.items())]


def conversation(rng: Random, other_talk: OtherTalk) -> Conversation:
    """`other_talk` makes the turns between telling and asking, which need nothing said before."""
    language: Language = rng.choice(LANGUAGES)
    turns = _of_people(rng, language, other_talk) if rng.random() < 0.35 else _of_oneself(rng, language, other_talk)
    return Conversation([message for turn in turns for message in turn.messages()])


def _of_oneself(rng: Random, language: Language, other_talk: OtherTalk) -> list[Turn]:
    *topics, missing = rng.sample(_TOPICS, rng.choice([1, 1, 2, 2, 3, 4]) + 1)
    values: dict[str, str] = {}
    turns: list[Turn] = []
    for topic in topics:
        values[topic.key] = v = topic.value(rng, language)
        turns.append(Turn(_wrapped(rng, topic.told(rng, language, v), language), topic.noted(rng, language, v)))
        if rng.random() < 0.15:
            turns.append(_changed(rng, topic, values, language))
        turns += _others(rng, language, other_talk, [0, 0, 0, 1])
    turns += _others(rng, language, other_talk, [0, 1, 1, 2, 3])
    if rng.random() < 0.2:
        turns.append(_told_again(rng, rng.choice(topics), values, language))
        turns += _others(rng, language, other_talk, [0, 0, 1])
    asked_in: Language = language if rng.random() < 0.88 else ("zh" if language == "en" else "en")
    for topic in rng.sample(topics, rng.randint(1, len(topics))):
        turns.append(Turn(topic.asked(rng, asked_in), topic.answer(rng, asked_in, values[topic.key])))
    if rng.random() < 0.18:
        turns.append(Turn(missing.asked(rng, asked_in), missing.unknown(rng, asked_in)))
    return turns


def _others(rng: Random, language: Language, other_talk: OtherTalk, counts: Sequence[int]) -> list[Turn]:
    return [other_talk(rng, language) for _ in range(rng.choice(counts))]


def _changed(rng: Random, topic: Topic, values: dict[str, str], language: Language) -> Turn:
    """Right after it was told: only the new value is named."""
    values[topic.key] = v = topic.value(rng, language)
    return Turn(tell(rng, _AROUND[f"changed {language}"], language, v=v), topic.noted(rng, language, v))


def _told_again(rng: Random, topic: Topic, values: dict[str, str], language: Language) -> Turn:
    """After other talk: the whole sentence with another value."""
    values[topic.key] = v = topic.value(rng, language)
    told = topic.told(rng, language, v)
    if rng.random() < 0.7:
        told = say(rng, _AROUND[f"again {language}"]) + told
    return Turn(told, topic.noted(rng, language, v))


def _wrapped(rng: Random, told: str, language: Language) -> str:
    """Now and then inside a longer message."""
    space = " " if language == "en" else ""
    if rng.random() < 0.2:
        told = say(rng, _AROUND[f"lead {language}"]) + space + told
    if rng.random() < 0.2 and told.endswith((".", "。", "!", "！")):
        told += space + say(rng, _AROUND[f"tail {language}"])
    return told


def _led(rng: Random, question: str, language: Language) -> str:
    return say(rng, _AROUND[f"asked lead {language}"]) + question if rng.random() < 0.1 else question


def _of_people(rng: Random, language: Language, other_talk: OtherTalk) -> list[Turn]:
    """Two to five of a kind with one thing each, told together or one by one; one or more are asked for."""
    relation = rng.choice(list(_PEOPLE.values()))
    kind, count = relation["value"][0], rng.choice([2, 3, 3, 4, 5])
    people = _distinct(rng, lambda: _subject(rng, relation["subject"][0], language), count + 1)
    values = _distinct(rng, lambda: value(rng, kind, language), count)
    *people, stranger = people
    pairs = list(zip(people, values, strict=True))
    says = {p: say(rng, relation[f"says {language}"], p=p, v=v) for p, v in pairs}
    turns = _told_of(rng, relation, pairs, says, language)
    turns += _others(rng, language, other_talk, [0, 0, 1, 1, 2])
    for p, v in rng.sample(pairs, rng.randint(1, min(3, count))):
        whose = rng.random() < 0.7
        question = ask(rng, relation[f"{'asked' if whose else 'who'} {language}"], language, p=p, v=v)
        turns.append(Turn(_led(rng, with_articles(question), language), _sentence(says[p], language)))
    if rng.random() < 0.15 and relation["subject"][0] == "person":
        question = ask(rng, relation[f"asked {language}"], language, p=stranger)
        turns.append(Turn(question, say(rng, _TOGETHER[f"unknown {language}"], p=stranger)))
    return turns


def _told_of(
    rng: Random, relation: Section, pairs: list[tuple[str, str]], says: dict[str, str], language: Language
) -> list[Turn]:
    pattern = rng.choice(relation[f"told {language}"])
    clauses = [with_articles(say(rng, pattern, p=p, v=v)) for p, v in pairs]
    if rng.random() < 0.25:
        return [
            Turn(_sentence(clause, language), _noted(rng, says[p], language))
            for clause, (p, _) in zip(clauses, pairs, strict=True)
        ]
    told = _sentence(_joined(clauses, language), language)
    if rng.random() < 0.2:
        told = (" " if language == "en" else "").join(_sentence(clause, language) for clause in clauses)
    return [Turn(_wrapped(rng, told, language), _noted(rng, _joined(list(says.values()), language), language))]


def _noted(rng: Random, said: str, language: Language) -> str:
    if rng.random() < _BRIEF:
        return say(rng, _AROUND[f"brief {language}"])
    return say(rng, _TOGETHER[f"noted {language}"], s=with_articles(said))


def _joined(clauses: list[str], language: Language) -> str:
    comma, last = _AND[language]
    return comma.join(clauses[:-1]) + last + clauses[-1]


def _sentence(clause: str, language: Language) -> str:
    return f"{clause[0].upper()}{with_articles(clause)[1:]}{'.' if language == 'en' else '。'}"


def _subject(rng: Random, kind: str, language: Language) -> str:
    return words.first_name(rng, language) if kind == "person" else value(rng, kind, language)


def _distinct(rng: Random, make: Callable[[], str], count: int) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        made[make()] = None
    return list(made)
