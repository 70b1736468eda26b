"""Passages of freely put together statements: several like values in each, and many questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.text import compounds, statements
from demo.text.conversation import Language, Turn
from demo.text.deeds import deed
from demo.text.predicates import Pool
from demo.text.statements import Statement
from demo.text.synonyms import filler

Sort = Callable[[Pool], Statement]
_SORTS: dict[Sort, int] = {**statements.SORTS, **compounds.SORTS}
_ALIKE = ("verbs", "roles", "measures", "codes", "crowds", "places", "groups", "devices")
_SAME_THING = ("objects",)


@dataclass
class Passage:
    """Its sentences, what may be asked of them, and what may be asked in vain."""

    sentences: list[str]
    asked: list[Turn]
    untold: list[str]


def passage(rng: Random, language: Language) -> Passage:
    """One to six statements; the questions of a few that are alike name what tells them apart."""
    count = rng.choice([1, 2, 3, 3, 4, 4, 5, 6])
    pool, told, sort = Pool(rng, language), list[Statement](), _sort(rng)
    for _ in range(count):
        told.append(sort(pool))
        chance = rng.random()
        if chance < 0.4:
            pool = pool.like(_ALIKE)
        else:
            pool, sort = pool.like(_SAME_THING if chance < 0.6 else ()), _sort(rng)
    asked = [turn for statement in told for turn in statement.asked]
    once = {turn.question for turn in asked if [t.question for t in asked].count(turn.question) == 1}
    elsewhere = _sort(rng)(Pool(rng, language))
    untold = [*(q for statement in told for q in statement.untold), elsewhere.asked[0].question]
    return Passage(_sentences(rng, language, told), [turn for turn in asked if turn.question in once], untold)


def _sentences(rng: Random, language: Language, told: list[Statement]) -> list[str]:
    """One for each statement; now and then two in a row are made one."""
    sentences: list[str] = []
    for text in (statement.text for statement in told):
        if sentences and rng.random() < 0.2:
            joints = ["，", "；", "，而"] if language == "zh" else [" and ", "; ", ", while ", ", and "]
            small = text if text.split(" ")[0] not in _SMALL else text[0].lower() + text[1:]
            sentences[-1] = sentences[-1].rstrip("。.") + rng.choice(joints) + small
        else:
            sentences.append(text)
        if rng.random() < 0.12:
            sentences.append(filler(Pool(rng, language)))
    return sentences


_SMALL = ("The", "In", "On", "At", "There", "It", "For")


def _sort(rng: Random) -> Sort:
    if rng.random() < 0.4:
        return deed
    return rng.choices(list(_SORTS), list(_SORTS.values()))[0]
