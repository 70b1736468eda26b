"""What Qingmo is, and which flag or command does what."""

from __future__ import annotations

from demo.held_out.case import Kind, ask
from demo.held_out.rules import Rule
from demo.held_out.rules.text import in_chinese, in_english, matches, never_matches, says

_PORT = matches(r"--port\b|(?-i:\bPORT\b)")
_PAGE = says("127.0.0.1:8080|localhost:8080")
_OFFLINE = says(
    "离线|没有网络|不联网|断网|没有网|不需要网络|不用网络|无需网络|不需要联网|不用联网|无需联网|不需要互联网|不用上网"
    "|本地|本机|qingmo pull|HF_HUB_OFFLINE"
)


def _port(wanted: int) -> tuple[Rule, Rule]:
    return _PORT, never_matches(rf"(?:--port|PORT)[ =](?!{wanted}\b)\d")


FLAGS = Kind(
    "flags",
    plain=(
        ask("什么是轻模？", in_chinese, says("模型"), matches(r"运行|跑|推理|引擎|CPU|电脑|轻|快")),
        ask("怎么修改端口？", in_chinese, _PORT),
        ask("怎样设置线程数？", in_chinese, says("--threads")),
        ask("如何启动轻模？", in_chinese, says("start.sh")),
        ask("聊天页面的地址是什么？", in_chinese, _PAGE),
        ask("How do I change the context length?", in_english, says("--max-model-len")),
        ask("How do I choose another model?", in_english, says("--model-name-or-path")),
        ask("How do I download the model?", in_english, says("qingmo pull|start.sh")),
        ask("Where do I set the temperature?", in_english, says("gear|settings|--temperature")),
    ),
    paraphrased=(
        ask("8080被别的程序占了，我想用9000端口", in_chinese, *_port(9000)),
        ask("想让它只用2个线程跑，命令行加啥", in_chinese, says("--threads"), never_matches(r"--threads[ =](?!2\b)\d")),
        ask("能不能别量化，用原始权重？", in_chinese, says("--quantization|--dtype", "none|--dtype")),
        ask("公司内网上不了外网，还能用吗", in_chinese, _OFFLINE),
        ask("i want it to listen on port 3000 instead", in_english, *_port(3000)),
        ask("my chats get cut off, can i give it a longer context?", in_english, says("--max-model-len")),
        ask("what base url do i put into my openai client", in_english, says("/v1|8080/v1")),
        ask("is there a way to run it with 4 bit weights", in_english, says("--quantization", "int4")),
    ),
)
