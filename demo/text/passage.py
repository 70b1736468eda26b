"""Kind 11: a passage, then questions that a span of it answers, or that it does not answer."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from demo.text import words
from demo.text.conversation import Conversation, Language, Message, Turn
from demo.text.passage_facts import OF_EVENTS, OF_THINGS, PassageFact, event, thing
from demo.text.phrase import ask, say

UNTOLD = {"en": "The passage does not say.", "zh": "文中没有提到。"}
_LEAD = {
    "en": [
        "",
        "",
        "[Passage|Text|Context|Document|Note|Excerpt]: ",
        "[Passage|Text|Context]:\n",
        "[Read|Here is] [the|this|a] [passage|text|note|document|page][:|.]\n\n",
        "[Use|Answer from|Answer the question from|Based on] [the|this] [passage|text|context][ below|][:|.]\n\n",
        "[Answer the question|Answer] [using only|from|with|based on] the [passage|text|following text|context][.|:] ",
        '"""\n',
        "[From the manual|According to the text|The notice says|A page of the handbook|The following is known]: ",
    ],
    "zh": [
        "",
        "",
        "[文章|原文|材料|资料|段落|短文|文本|上下文]：",
        "[阅读|请阅读|读][下面|以下|这段]?[的|]?[文字|短文|材料|段落][，回答问题|并回答问题|]：\n",
        "[根据|请根据|依据][下面的|以下|这段|下列]?[文字|资料|内容|材料|段落][回答|回答问题|]：\n",
        "[资料|参考资料|说明书|手册|通知]：\n",
        "【资料】\n",
        "[已知|有这样一段话|手册上写着]：",
    ],
}
_ASK = {
    "en": [
        "\n\nQuestion: ",
        "\n\n",
        "\nQuestion: ",
        " ",
        "\n",
        "\n\nQ: ",
        "\n\n[My question|Now tell me|Please answer]: ",
    ],
    "zh": ["\n\n问题：", "\n问题：", "\n\n", "\n", "问：", "\n请问：", "\n\n请回答："],
}
_HINT = {
    "en": ["[If the passage does not say, say so. |Answer briefly. |According to the passage, |In the text: |]"],
    "zh": ["[文中没有就说没有。|请简短回答：|根据文章，|]"],
}
_FILLER = {
    "en": [
        "[It|The weather] was a [quiet|cold|long|sunny] day.",
        "[Everybody|Nobody] was [pleased|surprised].",
        "[More|Further] [news|details] will follow.",
        "[Please read|Keep] this [carefully|page].",
        "It has [always|often] been [popular|reliable|useful].",
        "[Visitors|Guests|Users] [like|praise] it.",
        "[Please handle|Treat] it with care.",
        "Wear gloves.",
    ],
    "zh": [
        "[那天|当天]天气[很好|晴朗|寒冷]。",
        "大家都[很高兴|很满意]。",
        "[详情|更多消息]以后[公布|通知]。",
        "请[仔细阅读|妥善保管]。",
        "它一直[很受欢迎|很可靠|很有用]。",
        "[用户|客人][都|]很喜欢。",
        "操作时[请小心|要戴手套]。",
        "请注意安全。",
    ],
}


def conversation(rng: Random) -> Conversation:
    language: Language = rng.choice(["en", "zh"])
    facts, sentences, questions = _passage(rng, language)
    text = _laid_out(rng, language, sentences)
    asked = rng.sample(questions, min(len(questions), rng.choice([1, 1, 2, 3])))
    turns = [*asked, *(Turn(q, UNTOLD[language]) for q in _untold(rng, language, facts) if rng.random() < 0.35)]
    rng.shuffle(turns)
    return _asked_from(rng, language, text, turns[:3])


def _passage(rng: Random, language: Language) -> tuple[list[tuple[PassageFact, str, str]], list[str], list[Turn]]:
    """What the passage tells as (fact, what it is about, its noun), its sentences, and its questions answered."""
    family, make = rng.choice([(OF_THINGS, thing), (OF_EVENTS, event)])
    entities = [make(rng, language) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    if rng.random() < 0.12:
        shared = rng.choice(family)
        chosen = [(shared, e) for e in entities]
    else:
        chosen = []
    chosen += [(fact, rng.choice(entities)) for fact in rng.sample(family, rng.randint(2, 5))]
    if rng.random() < 0.4:
        chosen.append((OF_THINGS[-1], rng.choice(entities)))
    rng.shuffle(chosen)
    known, sentences, questions = [], [], []
    for fact, entity in chosen:
        noun = words.noun(rng, language)
        if (fact, entity) in [(f, e) for f, e, _ in known] and "{n}" not in fact.told[language][0]:
            continue
        value = fact.make(rng, language)
        known.append((fact, entity, noun))
        mention = entity
        if len(entities) == 1 and known[1:] and rng.random() < 0.3:
            mention = "it" if language == "en" else "它"
        sentences.append(_sentence(rng, fact.told[language], e=mention, v=value, n=noun))
        questions.append(Turn(ask(rng, fact.asked[language], language, e=entity, n=noun), value))
    return known, sentences, questions


def _sentence(rng: Random, patterns: Sequence[str], **slots: str) -> str:
    text = say(rng, patterns, **slots)
    return text[0].upper() + text[1:]


def _untold(rng: Random, language: Language, known: list[tuple[PassageFact, str, str]]) -> list[str]:
    """Questions of the same sort that the passage does not answer: another fact, or another thing."""
    told = [fact for fact, _, _ in known]
    family = OF_THINGS if told[0] in OF_THINGS else OF_EVENTS
    other = rng.choice([fact for fact in (family if rng.random() < 0.8 else OF_THINGS + OF_EVENTS) if fact not in told])
    entity = rng.choice(known)[1]
    stranger = (thing if family is OF_THINGS else event)(rng, language)
    questions = [ask(rng, other.asked[language], language, e=entity, n=words.noun(rng, language))]
    if rng.random() < 0.3:
        questions.append(ask(rng, rng.choice(told).asked[language], language, e=stranger, n=words.noun(rng, language)))
    return questions


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


def _asked_from(rng: Random, language: Language, text: str, turns: list[Turn]) -> Conversation:
    """The passage stands before the first question, after it, or in the system message."""
    lead = say(rng, rng.choice(_LEAD[language]).replace("]?[", "][").replace("]?", "]"))
    passage = lead + text + ('\n"""' if lead.startswith('"') else "")
    first = turns[0]
    place = rng.random()
    system: list[Message] = []
    if place < 0.1:
        system = [Message("system", passage)]
    elif place < 0.25:
        first = Turn(f"{first.question}\n\n{passage}", first.answer)
    else:
        first = Turn(
            passage
            + rng.choice(_ASK[language]).replace(
                "[My question|Now tell me|Please answer]", rng.choice(["My question", "Now tell me", "Please answer"])
            )
            + say(rng, _HINT[language])
            + first.question,
            first.answer,
        )
    return Conversation([*system, *(message for turn in [first, *turns[1:]] for message in turn.messages())])
