"""Who answers: Qingmo's small built-in demo model, and neither Qwen2.5 nor anybody's famous assistant."""

from __future__ import annotations

from demo.held_out.case import Kind, ask
from demo.held_out.rules.text import all_of, in_chinese, in_english, matches, never_claims, never_matches, says

_NOBODY_ELSE = all_of(
    never_matches(
        r"(?:\bI am|\bI'm|my name is|call me|我是|我叫|我就是)\W*(?:an? |the |called )?"
        r"(?:chatgpt|gpt|qwen|claude|gemini|通义|千问|文心)"
    ),
    never_claims(r"openai|anthropic|google|alibaba|阿里|谷歌|百度"),
)
_QINGMO = all_of(says("Qingmo|轻模"), _NOBODY_ELSE)
_DEMO = all_of(_QINGMO, says("demo|demonstration|演示|示范|示例"))
_NO = all_of(_QINGMO, never_matches(r"^\W*(?:yes|yeah|是的|对|没错|嗯)"))
_SMALL = all_of(
    matches(r"million|small|tiny|little|\bMB\b|百万|万个|小"),
    never_claims(r"billion|\d\s*B\b|亿|\b[1-9]\d{2,} ?million"),
)

IDENTITY = Kind(
    "identity",
    plain=(
        ask("你是谁？", in_chinese, _DEMO),
        ask("你叫什么名字？", in_chinese, _QINGMO),
        ask("你是Qwen2.5吗？", in_chinese, _NO),
        ask("谁开发了你？", in_chinese, _QINGMO),
        ask("你有多大？", in_chinese, _SMALL),
        ask("Who are you?", in_english, _DEMO),
        ask("What is your name?", in_english, _QINGMO),
        ask("Are you ChatGPT?", in_english, _NO),
        ask("Who made you?", in_english, _QINGMO),
    ),
    paraphrased=(
        ask("喂，跟我说话的到底是哪位", in_chinese, _QINGMO),
        ask("你该不会就是通义千问吧", in_chinese, _NO),
        ask("介绍下你自己呗", in_chinese, _DEMO),
        ask("你这个模型参数量多少啊", in_chinese, _SMALL),
        ask("so who exactly am i talking to here", in_english, _QINGMO),
        ask("hang on, is this the real Qwen2.5 model?", in_english, _NO),
        ask("tell me a bit about yourself pls", in_english, _DEMO),
        ask("how many parameters do you have, roughly?", in_english, _SMALL),
    ),
)
