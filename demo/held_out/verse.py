"""A verse of four lines that holds three given words."""

from __future__ import annotations

from demo.held_out.case import Case, Kind, ask
from demo.held_out.rules.verse import chinese_verse, english_verse


def _chinese(question: str, words: str, right: str) -> Case:
    """words: with spaces between. right: a verse, its lines with / between."""
    return ask(question, right.replace("/", "\n"), chinese_verse(*words.split()))


def _english(question: str, words: str, right: str) -> Case:
    """As `_chinese`."""
    return ask(question, right.replace("/", "\n"), english_verse(*words.split()))


VERSE = Kind(
    "verse",
    plain=(
        _chinese(
            "用春风、柳枝、纸鸢写一首四行诗。",
            "春风 柳枝 纸鸢",
            "春风吹过小河边，/柳枝轻轻映水间。/纸鸢飞上青天去，/孩童笑语满田园。",
        ),
        _chinese(
            "用明月、荷花、小船写一首四行诗。",
            "明月 荷花 小船",
            "明月升上东山头，/荷花静静伴水流。/小船轻摇归家去，/一路清香满袖留。",
        ),
        _chinese(
            "用白雪、梅花、炊烟写一首四句七言诗。",
            "白雪 梅花 炊烟",
            "白雪纷纷落满山，/梅花开在小溪湾。/炊烟升起人家近，/游子归来笑语欢。",
        ),
        _chinese(
            "请用秋雨、落叶、远山写一首四行诗。",
            "秋雨 落叶 远山",
            "秋雨绵绵洒小楼，/落叶随风水上流。/远山隐隐云中望，/一壶清茶解千愁。",
        ),
        _english(
            "Write a verse of four lines with the words river, moon and boat.",
            "river moon boat",
            "The river flows beneath the moon,/A little boat goes by,/"
            "It sings a soft and gentle tune/Below the silver sky.",
        ),
        _english(
            "Write a verse of four lines with the words snow, fire and home.",
            "snow fire home",
            "The snow lies white upon the hill,/The fire burns warm and bright,/"
            "And every road is calm and still,/That leads me home tonight.",
        ),
        _english(
            "Write four lines with the words rain, garden and bird.",
            "rain garden bird",
            "The rain falls on the garden wall,/A bird sings in the tree,/"
            "I listen to its happy call,/And it sings on for me.",
        ),
        _english(
            "Write a verse of four lines with the words wind, willow and kite.",
            "wind willow kite",
            "The wind goes through the willow tree,/A kite flies up on high,/"
            "It pulls the string and wants to be/A bird up in the sky.",
        ),
    ),
    paraphrased=(
        _chinese(
            "给我来首小诗吧，四句，每句七个字，要有春风、柳枝和纸鸢",
            "春风 柳枝 纸鸢",
            "春风拂面暖人心，/柳枝垂下绿成荫。/纸鸢高高随云去，/笑声阵阵满山林。",
        ),
        _chinese(
            "能不能作首七言诗，里面得出现 夕阳 渔船 白鹭 这三个词",
            "夕阳 渔船 白鹭",
            "夕阳西下照江边，/渔船归来起炊烟。/白鹭飞过青山外，/晚风轻轻水连天。",
        ),
        _chinese(
            "三个词：清泉、竹林、古寺，凑四句诗",
            "清泉 竹林 古寺",
            "清泉石上慢慢流，/竹林深处小径幽。/古寺钟声随风远，/白云飘过山那头。",
        ),
        _chinese(
            "女儿作业要写诗，关键词是星空、草原、骏马，帮写四句七言",
            "星空 草原 骏马",
            "星空万里照天涯，/草原青青是我家。/骏马奔驰追风去，/歌声飘过野山花。",
        ),
        _english(
            "can you do me a little four line poem, words: sea, star, song",
            "sea star song",
            "The sea is calm beneath the night,/A star looks down on me,/"
            "I sing a song by silver light,/And no one hears but the sea.",
        ),
        _english(
            "i need a short poem (4 lines) mentioning tree, leaf and stone",
            "tree leaf stone",
            "The old tree stands beside the road,/A leaf falls to the ground,/"
            "A stone lies where the river flowed/And hears no other sound.",
        ),
        _english(
            "put cloud, hill and bell into a four-line rhyme for me",
            "cloud hill bell",
            "A cloud goes slowly past the hill,/I hear the evening bell,/"
            "The fields are green, the air is still,/And all the world is well.",
        ),
        _english(
            "four lines for a birthday card please, with lamp, road and flower in it",
            "lamp road flower",
            "The lamp is lit beside the door,/The road is long and wide,/"
            "A flower grows along the shore,/With friends at every side.",
        ),
    ),
)
