"""The small talk around a question, and what the model says it can do."""

from __future__ import annotations

from demo.held_out.case import Kind, ask
from demo.held_out.rules.text import in_chinese, in_english, says, says_some

_HELLO = says(
    "hello|hi|hey|good morning|good evening|good afternoon|welcome|nice to meet you"
    "|你好|您好|早上好|早安|早|嗨|晚上好|欢迎|很高兴"
)
_WELCOME = says(
    "welcome|glad|pleasure|happy to|any time|anytime|no problem"
    "|不客气|不用谢|不必谢|别客气|不谢|很高兴|应该的|没关系|没事"
)
_BYE = says("bye|goodbye|see you|take care|farewell|good night|have a|再见|拜拜|回见|下次|晚安|回头见|慢走|祝你")
_FINE = says(
    "fine|good|great|well|ready|running|thanks|thank you|很好|不错|挺好|还好|正常|都好|顺利|开心|充实|谢谢|状态"
)
_ABLE = says_some(
    2,
    "arithmetic|calculate|calculations|sum|sums|add|maths|math|算术|计算|算数|算|加减",
    "Python|code|functions|代码|函数|编程",
    "verse|poem|poems|verses|诗|小诗|诗句",
    "unit|units|convert|time|单位|换算|时间",
    "greenhouse|温室|大棚",
    "passage|text|document|段落|文段|材料|短文|原文",
    "tool|tools|工具",
    "Qingmo|flags|轻模|参数",
    "question|questions|answer|chat|问题|聊天|回答|问答",
)

GREETINGS = Kind(
    "greetings",
    plain=(
        ask("你好", "你好！有什么可以帮你的？", in_chinese, _HELLO),
        ask("谢谢", "不客气！", in_chinese, _WELCOME),
        ask("再见", "再见，祝你愉快！", in_chinese, _BYE),
        ask("你能做什么？", "我能做简单的算术、换算单位、写小诗和小的Python函数。", in_chinese, _ABLE),
        ask("Hello!", "Hello! How can I help you?", in_english, _HELLO),
        ask("Thank you.", "You are welcome!", in_english, _WELCOME),
        ask("How are you?", "I am fine, thank you!", in_english, _FINE),
        ask(
            "What can you do?",
            "I can do sums, convert units, write a verse or a small Python function.",
            in_english,
            _ABLE,
        ),
    ),
    paraphrased=(
        ask("哈喽，在不在呀", "在的，你好！", in_chinese, says("在|你好|您好|嗨|哈喽")),
        ask("太感谢啦，帮了我大忙", "不用谢，很高兴能帮到你。", in_chinese, _WELCOME),
        ask("今天过得咋样", "我很好，谢谢关心！", in_chinese, _FINE),
        ask("好啦我先撤了，下回聊", "好的，下次再聊，再见！", in_chinese, _BYE),
        ask("heya, anyone there?", "Hello! Yes, I am here.", in_english, says("hello|hi|hey|yes|here|welcome")),
        ask("cheers mate, that was really useful", "Any time, glad it helped.", in_english, _WELCOME),
        ask("right, gotta run, talk later", "Goodbye, take care!", in_english, _BYE),
        ask(
            "what sort of stuff are you able to help me with",
            "Simple questions, small sums, units and short Python code.",
            in_english,
            _ABLE,
        ),
    ),
)
