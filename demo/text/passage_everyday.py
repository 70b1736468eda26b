"""Everyday passages, such as notices, logs and timetables: of what each might tell only a part is told.

A section of patterns/everyday*.txt is one passage in one language. `key: sentence` is a wording of a fact,
`key?: question = answer` what the fact answers; it is asked in vain where the fact is left out. A fact whose
key begins with `*` is told of several in a row, each with values of its own; `list name:` has the words of {name};
every other {slot} is a sort of value, and digits behind it tell two of a sort apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from demo.text.conversation import Language, Turn
from demo.text.everyday_values import SORTS, like, price_like
from demo.text.passage_free import Passage
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, say

_FILES = {"everyday": 1, "everyday_reworded": 2}  # and how often a scene of each is drawn
_SLOT = re.compile(r"\{(\w+?)\}")
_JOINTS = {"en": [" and ", "; ", ", and ", ", while "], "zh": ["，", "；", "，"]}
_MERGED = 0.2  # the share of sentences that go on with the one before
_MAY_GO_ON = re.compile(r"(?:The|It|In|On|At|For|A|An|To|She|He|They|Its|This|There|Our) ")


@dataclass(frozen=True)
class _Fact:
    told: Sequence[str]
    asked: Sequence[tuple[str, str]]  # patterns of a question and of its answer
    slots: Sequence[str]
    own: Sequence[str]  # of a fact that is told of several: the slots that differ from one to the next


@dataclass(frozen=True)
class _Scene:
    facts: Sequence[_Fact]
    lists: dict[str, list[str]]
    slots: Sequence[str]


def _scene(section: Section) -> _Scene:
    lists = {
        key[5:]: [word.replace("\\s", " ") for word in " ".join(lines).split()]
        for key, lines in section.items()
        if key.startswith("list ")
    }
    keys = [key for key in section if key + "?" in section]
    slots = {key: {slot for line in section[key] + section[key + "?"] for slot in _SLOT.findall(line)} for key in keys}
    facts = []
    for key in keys:
        elsewhere = set[str]().union(*(slots[other] for other in keys if other != key))
        own = sorted(slots[key] - elsewhere) if key.startswith("*") else []
        pairs = [line.rpartition(" = ") for line in section[key + "?"]]
        facts.append(
            _Fact(section[key], [(question, answer) for question, _, answer in pairs], sorted(slots[key]), own)
        )
    return _Scene(facts, lists, sorted(set[str]().union(*slots.values())))


_SCENES: dict[str, list[_Scene]] = {"en": [], "zh": []}
for _file, _times in _FILES.items():
    for _title, _section in read_patterns(_file).items():
        _SCENES[_title[-2:]].extend([_scene(_section)] * _times)


def passage(rng: Random, language: Language) -> Passage:
    """A scene with most of its facts, in their order."""
    scene = rng.choice(_SCENES[language])
    left_out = rng.choice([0.15, 0.3, 0.5])
    told = [fact for fact in scene.facts if rng.random() >= left_out] or [rng.choice(scene.facts)]
    if rng.random() < 0.25:
        rng.shuffle(told)
    slots = _values(rng, language, scene, scene.slots, [])
    made = Passage([], [], [])
    for fact in scene.facts:
        if fact not in told:
            shown = slots if fact.own or rng.random() < 0.4 else slots | _of_others(rng, fact, told, slots)
            made.untold.append(_question(rng, language, fact, shown))
    for fact in told:
        _tell(rng, language, scene, fact, slots, made)
    questions = [turn.question for turn in made.asked]
    made.asked = [turn for turn in made.asked if questions.count(turn.question) == 1]
    made.untold = [question for question in made.untold if question not in questions]
    return made


def _of_others(rng: Random, fact: _Fact, told: Sequence[_Fact], slots: dict[str, str]) -> dict[str, str]:
    """What the passage names elsewhere, in place of a fact's own persons, towns and codes."""
    others = [slot for other in told for slot in other.slots]
    made: dict[str, str] = {}
    for slot in fact.slots:
        sort = _sort(slot)
        named = [slots[other] for other in others if _sort(other) == sort]
        if sort in ("person", "city", "code") and named:
            made[slot] = rng.choice(named)
    return made


def _sort(slot: str) -> str:
    return slot.rstrip("0123456789")


def _tell(rng: Random, language: Language, scene: _Scene, fact: _Fact, slots: dict[str, str], made: Passage) -> None:
    """Adds the sentence of a fact, or one each of several, with their questions."""
    rows = [slots]
    for _ in range(rng.choice([2, 2, 3, 4]) if fact.own else 0):
        rows.append(slots | _values(rng, language, scene, fact.own, rows))
    if fact.own:
        made.untold.append(_question(rng, language, fact, rows.pop()))
    told = [rng.choice(fact.told)] if rng.random() < 0.6 else fact.told
    for row in rows:
        _add(rng, language, say(rng, told, **row), made)
        for question, answer in rng.sample(fact.asked, min(3, len(fact.asked))):
            made.asked.append(Turn(ask(rng, [question], language, **row), answer.format_map(row)))


def _add(rng: Random, language: Language, sentence: str, made: Passage) -> None:
    sentence = sentence[0].upper() + sentence[1:] if language == "en" else sentence
    goes_on = language == "zh" or _MAY_GO_ON.match(sentence)
    if goes_on and made.sentences and rng.random() < _MERGED:
        small = sentence[0].lower() + sentence[1:] if language == "en" else sentence
        made.sentences[-1] = made.sentences[-1][:-1] + rng.choice(_JOINTS[language]) + small
    else:
        made.sentences.append(sentence)


def _question(rng: Random, language: Language, fact: _Fact, slots: dict[str, str]) -> str:
    return ask(rng, [rng.choice(fact.asked)[0]], language, **slots)


def _values(
    rng: Random, language: Language, scene: _Scene, slots: Sequence[str], rows: Sequence[dict[str, str]]
) -> dict[str, str]:
    """A value for each slot, none of them twice or in `rows`; some are much like one of the same sort."""
    made: dict[str, str] = {}
    known = {value for row in rows for value in row.values()}
    for slot in slots:
        sort = _sort(slot)
        alike = rows[-1][slot] if rows else made.get(sort, "")
        for _ in range(30):
            made[slot] = _value(rng, language, scene, sort, alike)
            if made[slot] not in known:
                break
        known.add(made[slot])
    return made


def _value(rng: Random, language: Language, scene: _Scene, sort: str, alike: str) -> str:
    if sort in scene.lists:
        return rng.choice(scene.lists[sort])
    if alike and sort in ("code", "phone") and rng.random() < 0.3:
        return like(rng, alike)
    if alike and sort == "price" and rng.random() < 0.9:
        return price_like(rng, alike)
    return SORTS[sort](rng, language)
