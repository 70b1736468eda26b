"""A system prompt's language, length and role are kept."""

from __future__ import annotations

from demo.held_out.case import Kind, ask
from demo.held_out.rules.number import number
from demo.held_out.rules.text import (
    at_most_characters,
    at_most_words,
    in_chinese,
    in_english,
    matches,
    one_sentence,
    says,
)

_GREENHOUSE = says("greenhouse|温室|大棚")

INSTRUCTIONS = Kind(
    "instructions",
    plain=(
        ask(
            "你是谁？", "I am Qingmo's demo model.", in_english, says("Qingmo|轻模"), system="Always answer in English."
        ),
        ask("Who are you?", "我是轻模的演示模型。", in_chinese, says("Qingmo|轻模"), system="只用中文回答。"),
        ask(
            "What is Qingmo?",
            "Qingmo runs small language models on an ordinary computer.",
            one_sentence,
            says("Qingmo|model|models"),
            system="Answer in one sentence.",
        ),
        ask(
            "介绍一下轻模。",
            "轻模在普通电脑上运行小模型。",
            at_most_characters(20),
            matches("轻模|模型"),
            system="回答不超过二十个字。",
        ),
        ask("What is 8 plus 5?", "Thirteen", at_most_words(1), number(13, "8 5"), system="Answer with one word."),
        ask(
            "Who are you?",
            "I am a greenhouse assistant.",
            in_english,
            _GREENHOUSE,
            system="You are a greenhouse assistant.",
        ),
        ask(
            "How do I change the port?",
            "用 --port 更改端口。",
            in_chinese,
            matches(r"--port|PORT"),
            system="只用中文回答。",
        ),
        ask("你是谁？", "我是温室助手。", in_chinese, _GREENHOUSE, system="你是一名温室助手。"),
    ),
    paraphrased=(
        ask(
            "3小时是多少分钟？",
            "3 hours are 180 minutes.",
            in_english,
            number(180, "3"),
            system="Please reply only in English, whatever the user writes.",
        ),
        ask(
            "hello, how are you doing",
            "你好，我很好，谢谢！",
            in_chinese,
            system="无论用户用什么语言，你都必须用中文回复。",
        ),
        ask(
            "谁开发的你啊",
            "轻模的开发者。",
            at_most_characters(20),
            says("轻模|Qingmo"),
            system="请把每个回答控制在20字以内",
        ),
        ask(
            "what can you do for me?",
            "I can answer simple questions.",
            one_sentence,
            in_english,
            system="Keep it short: one sentence per reply, no more.",
        ),
        ask("how many days in a week", "Seven", at_most_words(1), number(7, ""), system="One-word answers only!"),
        ask(
            "谢谢你的帮助",
            "You are welcome!",
            in_english,
            says("welcome|glad|pleasure|happy"),
            system="English only, please.",
        ),
        ask(
            "你好，你是干什么的",
            "我是温室助手，帮你管理大棚。",
            in_chinese,
            _GREENHOUSE,
            system="你的身份是温室助手，帮种植户管理大棚。",
        ),
        ask(
            "hi! what are you here for?",
            "I give advice about your greenhouse.",
            in_english,
            _GREENHOUSE,
            system="Act as an assistant for greenhouse growers.",
        ),
        ask(
            "怎么启动轻模",
            "运行 ./start.sh 就能启动轻模。",
            one_sentence,
            says("start.sh"),
            system="只准用一句话回答用户。",
        ),
    ),
)
