"""A verse of four lines that holds three given words."""

from __future__ import annotations

from demo.held_out.case import Case, Kind, ask
from demo.held_out.rules.verse import chinese_verse, english_verse


def _chinese(question: str, *words: str) -> Case:
    return ask(question, chinese_verse(*words))


def _english(question: str, *words: str) -> Case:
    return ask(question, english_verse(*words))


VERSE = Kind(
    "verse",
    plain=(
        _chinese("用春风、柳枝、纸鸢写一首四行诗。", "春风", "柳枝", "纸鸢"),
        _chinese("用明月、荷花、小船写一首四行诗。", "明月", "荷花", "小船"),
        _chinese("用白雪、梅花、炊烟写一首四句七言诗。", "白雪", "梅花", "炊烟"),
        _chinese("请用秋雨、落叶、远山写一首四行诗。", "秋雨", "落叶", "远山"),
        _english("Write a verse of four lines with the words river, moon and boat.", "river", "moon", "boat"),
        _english("Write a verse of four lines with the words snow, fire and home.", "snow", "fire", "home"),
        _english("Write four lines with the words rain, garden and bird.", "rain", "garden", "bird"),
        _english("Write a verse of four lines with the words wind, willow and kite.", "wind", "willow", "kite"),
    ),
    paraphrased=(
        _chinese("给我来首小诗吧，四句，每句七个字，要有春风、柳枝和纸鸢", "春风", "柳枝", "纸鸢"),
        _chinese("能不能作首七言诗，里面得出现 夕阳 渔船 白鹭 这三个词", "夕阳", "渔船", "白鹭"),
        _chinese("三个词：清泉、竹林、古寺，凑四句诗", "清泉", "竹林", "古寺"),
        _chinese("女儿作业要写诗，关键词是星空、草原、骏马，帮写四句七言", "星空", "草原", "骏马"),
        _english("can you do me a little four line poem, words: sea, star, song", "sea", "star", "song"),
        _english("i need a short poem (4 lines) mentioning tree, leaf and stone", "tree", "leaf", "stone"),
        _english("put cloud, hill and bell into a four-line rhyme for me", "cloud", "hill", "bell"),
        _english("four lines for a birthday card please, with lamp, road and flower in it", "lamp", "road", "flower"),
    ),
)
