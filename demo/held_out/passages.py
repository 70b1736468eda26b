"""An answer is found in the passage before the question; or the passage does not tell, and that is said."""

from __future__ import annotations

from demo.held_out.case import Case, Kind, ask
from demo.held_out.rules import Rule
from demo.held_out.rules.text import matches, never_says, says

_NOT_TOLD = matches(
    r"(?:\bnot\b|n't\b|\bcannot\b).{0,30}"
    r"\b(?:say|tell|told|mention|state|given?|contain|include|specif|provide|find|found|know|answer|in the)"
    r"|no (?:information|mention)|\bunknown\b"
    r"|[没未](?:有)?(?:提|说|写|给|讲|介绍|交代|告诉|涉及|包含|注明|记载|标明|明确|相关|这|找到)|不知道|无法|不清楚|找不到"
    r"|(?:文中|文章|原文|段落|材料|资料|记录|上面|上文|内容)[^。]*[没未]"
)


def _about(passage: str, question: str, right: str, *rules: Rule) -> Case:
    """question: with {} where the passage stands. The passage over again is no answer."""
    return ask(question.format(passage), right, never_says(passage), *rules)


def _zh(passage: str, question: str, right: str, *rules: Rule) -> Case:
    return _about(passage, f"{{}}\n\n问题：{question}", right, *rules)


def _en(passage: str, question: str, right: str, *rules: Rule) -> Case:
    return _about(passage, f"{{}}\n\nQuestion: {question}", right, *rules)


_PUMP = "水泵PX-3081由郭建明在5月14日安装，额定压力为6.4巴，法兰螺栓的拧紧力矩是48牛·米。备用密封圈的零件号是MZ-7725。"
_GEARBOX = (
    "The gearbox GR-5590 was serviced by Helena Strand on 3 March. The cover bolts are tightened to 27 Nm, "
    "and the oil seal has the part number TK-1846."
)
_DEPOT = "王秀兰负责三号仓库，那里存放着612箱轴承。四号仓库在绍兴，由何志远管理，存放着275箱电缆。"
_FERRY = (
    "The ferry Kestrel leaves Varmouth at 06:35 and reaches Orsund after 48 minutes. Captain Idris Boyle commands it."
)

PASSAGES = Kind(
    "passages",
    plain=(
        _zh(_PUMP, "备用密封圈的零件号是什么？", "MZ-7725", says("MZ-7725"), never_says("PX-3081")),
        _zh(_PUMP, "水泵是谁安装的？", "郭建明", says("郭建明")),
        _zh(_PUMP, "水泵重多少公斤？", "文中没有提到水泵的重量。", _NOT_TOLD),
        _zh(_DEPOT, "四号仓库由谁管理？", "何志远", says("何志远"), never_says("王秀兰")),
        _en(_GEARBOX, "What is the part number of the oil seal?", "TK-1846", says("TK-1846"), never_says("GR-5590")),
        _en(_GEARBOX, "Who serviced the gearbox?", "Helena Strand serviced it.", says("Helena Strand|Strand|Helena")),
        _en(_GEARBOX, "What does the gearbox cost?", "The passage does not say what it costs.", _NOT_TOLD),
        _en(_FERRY, "When does the ferry leave Varmouth?", "At 06:35.", matches(r"\b0?6[:.]35\b")),
    ),
    paraphrased=(
        _about(_PUMP, "看看这段记录：{}\n法兰那几颗螺栓要拧到多大力矩？", "48牛·米", says("48"), never_says("6.4")),
        _about(_DEPOT, "{}\n根据上面的内容，三号仓库有多少箱轴承", "612箱", says("612"), never_says("275")),
        _about(_DEPOT, "四号库在哪个城市？资料如下：\n{}", "四号仓库在绍兴。", says("绍兴")),
        _about(_DEPOT, "{}\n\n那五号仓库谁在管？", "文中没有提到五号仓库。", _NOT_TOLD, never_says("王秀兰", "何志远")),
        _about(_GEARBOX, "here's a note i found:\n{}\nhow tight do the cover bolts need to be?", "27 Nm", says("27")),
        _about(_FERRY, "{}\n\nso who's the captain", "Idris Boyle", says("Idris Boyle|Boyle|Idris")),
        _about(_FERRY, "Read this and tell me how long the crossing takes. {}", "48 minutes", says("48|forty-eight")),
        _about(_FERRY, "{}\n\nany idea what a ticket costs?", "The passage does not say.", _NOT_TOLD),
        _about(
            _GEARBOX,
            "{}\n\nwhich day was the service done",
            "On 3 March.",
            matches(r"\b0?3(?:rd)?(?: of)? march\b|\bmarch 0?3(?:rd)?\b"),
        ),
    ),
)
