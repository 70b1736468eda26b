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
    return _PORT, never_matches(rf"(?:--port[ =]|(?-i:PORT)=)(?!{wanted}\b)\d")


FLAGS = Kind(
    "flags",
    plain=(
        ask(
            "什么是轻模？",
            "轻模是在普通电脑上运行小语言模型的程序，又轻又快。",
            in_chinese,
            says("模型"),
            matches(r"运行|跑|推理|引擎|CPU|电脑|轻|快"),
        ),
        ask("怎么修改端口？", "启动时加 --port 8081，或者设置环境变量 PORT。", in_chinese, _PORT),
        ask("怎样设置线程数？", "用 --threads 设置线程数，例如 --threads 4。", in_chinese, says("--threads")),
        ask("如何启动轻模？", "运行 ./start.sh 就可以了。", in_chinese, says("start.sh")),
        ask("聊天页面的地址是什么？", "在浏览器里打开 http://127.0.0.1:8080 即可。", in_chinese, _PAGE),
        ask(
            "How do I change the context length?",
            "Use --max-model-len, for example --max-model-len 4096.",
            in_english,
            says("--max-model-len"),
        ),
        ask(
            "How do I choose another model?",
            "Name it with --model-name-or-path.",
            in_english,
            says("--model-name-or-path"),
        ),
        ask("How do I download the model?", "Run qingmo pull.", in_english, says("qingmo pull|start.sh")),
        ask(
            "Where do I set the temperature?",
            "Click the gear on the page.",
            in_english,
            says("gear|settings|--temperature"),
        ),
    ),
    paraphrased=(
        ask("8080被别的程序占了，我想用9000端口", "启动时加上 --port 9000 就行。", in_chinese, *_port(9000)),
        ask(
            "想让它只用2个线程跑，命令行加啥",
            "加上 --threads 2 即可。",
            in_chinese,
            says("--threads"),
            never_matches(r"--threads[ =](?!2\b)\d"),
        ),
        ask(
            "能不能别量化，用原始权重？",
            "可以，用 --quantization none 启动。",
            in_chinese,
            says("--quantization|--dtype", "none|--dtype"),
        ),
        ask("公司内网上不了外网，还能用吗", "可以，模型下载以后就不需要网络，离线也能用。", in_chinese, _OFFLINE),
        ask("i want it to listen on port 3000 instead", "Start it with --port 3000.", in_english, *_port(3000)),
        ask(
            "my chats get cut off, can i give it a longer context?",
            "Yes, raise it with --max-model-len 4096.",
            in_english,
            says("--max-model-len"),
        ),
        ask(
            "what base url do i put into my openai client",
            "Use http://127.0.0.1:8080/v1 as the base URL.",
            in_english,
            says("/v1|8080/v1"),
        ),
        ask(
            "is there a way to run it with 4 bit weights",
            "Yes, with --quantization int4.",
            in_english,
            says("--quantization", "int4"),
        ),
    ),
)
