"""Kind 11: a passage, then questions that a span of it answers, or that it does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo.text import passage_everyday, passage_free, words
from demo.text.conversation import LANGUAGES, Conversation, Language, Message, Turn
from demo.text.passage_facts import EVENTS, FAMILIES, PEOPLE, THINGS, Family, PassageFact, Subject
from demo.text.passage_free import Passage
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say

EVERYDAY = 0.6  # the share of passages such as notices, logs and timetables
FREE = 0.25  # the share of passages whose sentences are put together from freely drawn words
UNTOLD = {"en": "The passage does not say.", "zh": "文中没有提到。"}
_LEAD, _ASK, _HINT, _FILLER, _EXCERPT, _FIRST = read_patterns("passage").values()
_BEHIND = {"en": " ", "zh": ""}  # what may follow the words that two sentences begin with
_ANY_ATTRIBUTE = THINGS.facts[-1]


@dataclass(frozen=True)
class Told:
    """A fact as a passage tells it."""

    fact: PassageFact
    subject: Subject
    noun: str  # in place of {n}
    pair: tuple[str, str]  # in place of {k} and {q}
    value: str


def conversation(rng: Random) -> Conversation:
    language: Language = rng.choice(LANGUAGES)
    kind = rng.random()
    if kind < EVERYDAY:
        return _of_statements(rng, language, passage_everyday.passage(rng, language), untold=0.16)
    if kind < EVERYDAY + FREE:
        return _of_statements(rng, language, passage_free.passage(rng, language), untold=0.12)
    return _of_family(rng, language)


def _of_statements(rng: Random, language: Language, made: Passage, untold: float) -> Conversation:
    """Some of what may be asked of a passage; `untold` is the share asked in vain."""
    text = _laid_out(rng, language, made.sentences)
    turns = rng.sample(made.asked, min(len(made.asked), rng.randint(3, 9)))
    for at in range(len(turns)):
        if made.untold and rng.random() < untold:
            turns[at] = Turn(rng.choice(made.untold), UNTOLD[language])
    return _asked_from(rng, language, text, list({turn.question: turn for turn in turns}.values()))


def _of_family(rng: Random, language: Language) -> Conversation:
    family = FAMILIES[rng.choices(list(FAMILIES), [4, 3, 2, 2])[0]]
    told = _told(rng, language, family)
    text = _laid_out(rng, language, _sentences(rng, language, told))
    if rng.random() < 0.2:
        text = _among_others(rng, language, text)
    asked = [_asked(rng, language, t, told) for t in rng.sample(told, min(len(told), rng.choice([2, 3, 4, 5])))]
    untold = [Turn(q, UNTOLD[language]) for q in _untold(rng, language, family, told) if rng.random() < 0.3]
    turns = [*asked, *untold]
    rng.shuffle(turns)
    return _asked_from(rng, language, text, turns[:6])


def _told(rng: Random, language: Language, family: Family) -> list[Told]:
    """Facts of one to three subjects; now and then the same fact of each."""
    subjects = [family.subject(rng, language) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    pairs = [(fact, rng.choice(subjects)) for fact in rng.sample(family.facts, rng.randint(2, 5))]
    if subjects[0].name and rng.random() < 0.25:
        shared = rng.choice(family.facts)
        pairs += [(shared, subject) for subject in subjects]
    if subjects[0].name and rng.random() < 0.3:
        pairs.append((_ANY_ATTRIBUTE, rng.choice(subjects)))
    rng.shuffle(pairs)
    known = dict.fromkeys((family.facts.index(f) if f in family.facts else -1, s.name) for f, s in pairs)
    by_name = {subject.name: subject for subject in subjects}
    facts = [(family.facts[index] if index >= 0 else _ANY_ATTRIBUTE, by_name[name]) for index, name in known]
    return [Told(f, s, words.noun(rng, language), f.pair(rng, language), f.make(rng, language)) for f, s in facts]


def _sentences(rng: Random, language: Language, told: list[Told]) -> list[str]:
    """A sentence for each fact; two that begin alike are sometimes made one."""
    alone = len({t.subject.name for t in told}) == 1
    sentences: list[str] = []
    before = ""
    for t in told:
        mention = _mention(rng, t.subject, alone and bool(sentences))
        key = t.pair[0]
        sentence = say(rng, t.fact.told[language], e=mention, v=t.value, n=t.noun, k=key, K=key.capitalize())
        begins_alike = mention and mention == before and sentence.startswith(mention + _BEHIND[language])
        if begins_alike and sentences[-1].lower().startswith(mention.lower()) and rng.random() < 0.5:
            joint = "，" if language == "zh" else " and "
            sentences[-1] = sentences[-1][:-1] + joint + sentence[len(mention) :].lstrip(" ，的")
        else:
            sentences.append(sentence[0].upper() + sentence[1:])
        before = mention
    return sentences


def _mention(rng: Random, subject: Subject, known: bool) -> str:
    """The whole name, or less where there is one subject and it has been named."""
    return rng.choice([subject.name, subject.name, subject.short, subject.pronoun]) if known else subject.name


def _asked(rng: Random, language: Language, t: Told, told: list[Told]) -> Turn:
    alone = len({other.subject.name for other in told}) == 1
    mention = _mention(rng, t.subject, alone)
    return Turn(ask(rng, t.fact.asked[language], language, e=mention, n=t.noun, q=t.pair[1]), t.value)


def _untold(rng: Random, language: Language, family: Family, told: list[Told]) -> list[str]:
    """Questions of the same sort that the passage does not answer: another fact, or another subject."""
    other = rng.choice([fact for fact in family.facts if fact not in [t.fact for t in told]])
    asked = [(other, rng.choice(told).subject.name)]
    if rng.random() < 0.4:
        asked.append((rng.choice(told).fact, family.subject(rng, language).name))
    return [_asked_of(rng, language, fact, name) for fact, name in asked if name or fact is other]


def _asked_of(rng: Random, language: Language, fact: PassageFact, name: str) -> str:
    noun, (_, key) = words.noun(rng, language), fact.pair(rng, language)
    return ask(rng, fact.asked[language], language, e=name, n=noun, q=key)


def _laid_out(rng: Random, language: Language, sentences: list[str]) -> str:
    """The sentences as a paragraph, with a filler now and then, as lines, or as numbered excerpts."""
    for _ in range(rng.choice([0, 0, 1, 2])):
        sentences.insert(rng.randrange(len(sentences) + 1), say(rng, _FILLER[language]))
    form = rng.random()
    if form < 0.75:
        return (" " if language == "en" else "").join(sentences)
    if form < 0.85:
        return "\n".join(sentences)
    if form < 0.93:
        return "\n".join(f"[{i}] {sentence}" for i, sentence in enumerate(sentences, 1))
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _among_others(rng: Random, language: Language, text: str) -> str:
    """The text as one of a few excerpts, as a search finds them; the others are of named subjects alone."""
    families = [THINGS, EVENTS, PEOPLE]
    others = [_told(rng, language, rng.choice(families)) for _ in range(rng.randint(1, 4))]
    texts = [text, *(_laid_out(rng, language, _sentences(rng, language, told)) for told in others)]
    rng.shuffle(texts)
    title = say(rng, _EXCERPT[language])
    return "\n\n".join(title.replace("#", str(number)) + excerpt for number, excerpt in enumerate(texts, 1))


def _asked_from(rng: Random, language: Language, text: str, turns: list[Turn]) -> Conversation:
    """The passage stands before the first question, after it, or in the system message."""
    passage = say(rng, _LEAD[language]) + text
    first = turns[0]
    place = rng.random()
    system: list[Message] = []
    if place < 0.1:
        system = [Message("system", passage)]
    elif place < 0.32:
        first = Turn(say(rng, _FIRST[language], question=first.question, passage=passage), first.answer)
    else:
        question = say(rng, _ASK[language]) + say(rng, _HINT[language]) + first.question
        first = Turn(passage + question, first.answer)
    return Conversation([*system, *(message for turn in [first, *turns[1:]] for message in turn.messages())])
