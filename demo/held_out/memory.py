"""What the user said turns ago is known when it is asked for."""

from __future__ import annotations

from demo.held_out.case import Kind, ask
from demo.held_out.rules.number import number
from demo.held_out.rules.text import says

MEMORY = Kind(
    "memory",
    plain=(
        ask(
            "我叫什么名字？",
            "你叫林晓。",
            says("林晓"),
            before=("我叫林晓。", "你好，林晓！", "3+4等于多少？", "3+4=7。"),
        ),
        ask(
            "我住在哪里？",
            "你住在青岛。",
            says("青岛"),
            before=("我住在青岛。", "青岛是个好地方。", "谢谢", "不客气！"),
        ),
        ask(
            "我最喜欢什么颜色？",
            "你最喜欢紫色。",
            says("紫"),
            before=("我最喜欢紫色。", "记住了，紫色。", "2天有多少小时？", "48小时。"),
        ),
        ask(
            "我今年几岁？",
            "你今年37岁。",
            number(37, "9 6 54"),
            before=("我今年37岁。", "好的，记住了。", "9乘以6等于多少？", "9×6=54。"),
        ),
        ask(
            "What is my name?",
            "Your name is Oskar.",
            says("Oskar"),
            before=("My name is Oskar.", "Nice to meet you, Oskar!", "What is 5 plus 9?", "5 + 9 = 14."),
        ),
        ask(
            "What pet do I have?",
            "You have a parrot.",
            says("parrot"),
            before=("I have a parrot.", "How nice, a parrot!", "Thank you.", "You are welcome!"),
        ),
        ask(
            "What is my job?",
            "You are a carpenter.",
            says("carpenter"),
            before=("I am a carpenter.", "Good to know.", "How many minutes are 2 hours?", "2 hours are 120 minutes."),
        ),
        ask(
            "Which number did I tell you?",
            "You told me 7316.",
            number(7316, ""),
            before=("Remember the number 7316.", "I will remember it.", "How are you?", "I am fine, thank you!"),
        ),
    ),
    paraphrased=(
        ask(
            "话说你还记得我叫啥不",
            "记得，你叫周子墨。",
            says("周子墨|子墨"),
            before=("嗨，周子墨来啦", "你好，周子墨！", "你会写代码吗", "会一点，比如小的Python函数。"),
        ),
        ask(
            "考考你，我家养的是什么来着",
            "你养了一只乌龟。",
            says("乌龟"),
            before=("我家里养了一只乌龟", "乌龟很可爱。", "半小时几分钟", "30分钟。"),
        ),
        ask(
            "我干哪行的，刚才说过的",
            "你是电工。",
            says("电工"),
            before=("我是个电工，天天爬高", "辛苦了，注意安全。", "12-5等于几", "12-5=7。"),
        ),
        ask(
            "那我是在哪个城市上班呢",
            "你在昆明上班。",
            says("昆明"),
            before=("我在昆明上班，今天好累", "辛苦了，休息一下吧。", "你是谁啊", "我是轻模的演示模型。"),
        ),
        ask(
            "do you still remember what i'm called?",
            "Yes, you are Priya.",
            says("Priya"),
            before=("hey, Priya here", "Hello, Priya!", "what can you do", "I can answer simple questions."),
        ),
        ask(
            "so where do i live again?",
            "You live in Lisbon.",
            says("Lisbon"),
            before=("i live in Lisbon these days", "Lisbon is lovely.", "what's 6 times 7", "6 times 7 is 42."),
        ),
        ask(
            "remind me, which colour did i say i like best",
            "You like orange best.",
            says("orange"),
            before=("my favourite colour is orange", "Orange is a warm colour.", "thanks", "You are welcome!"),
        ),
        ask(
            "how old did i say i was",
            "You are 52.",
            number(52, "4 400"),
            before=("i turned 52 last month", "Congratulations!", "how many cm are 4 m", "4 m are 400 cm."),
        ),
        ask(
            "and the name of my dog was...?",
            "Your dog is called Biscuit.",
            says("Biscuit"),
            before=(
                "my dog is called Biscuit",
                "Biscuit is a fine name for a dog.",
                "who made you",
                "The makers of Qingmo.",
            ),
        ),
    ),
)
