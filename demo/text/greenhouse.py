"""Kind 6: what to do in a greenhouse at a temperature and a humidity."""

from __future__ import annotations

from random import Random

from demo.text.conversation import Language, Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask

_QUESTIONS = read_patterns("greenhouse")["questions"]


def turn(rng: Random, language: Language) -> Turn:
    temperature, humidity = readings(rng)
    return Turn(question(rng, language, temperature, humidity), advice(temperature, humidity, language))


def question(rng: Random, language: Language, temperature: int, humidity: int) -> str:
    return ask(rng, _QUESTIONS[language], language, t=temperature, h=humidity)


def readings(rng: Random) -> tuple[int, int]:
    """A temperature and a humidity: each is too low, right or too high about as often, limits among them."""
    temperature = rng.choice([rng.randint(0, 11), rng.randint(12, 30), rng.randint(31, 45), rng.randint(9, 34)])
    humidity = rng.choice([rng.randint(10, 44), rng.randint(45, 85), rng.randint(86, 100), rng.randint(40, 90)])
    return temperature, humidity


def advice(temperature: int, humidity: int, language: Language) -> str:
    """The rule that the model learns: above 30 °C, below 12 °C, above 85 %, below 45 %; otherwise nothing to do."""
    parts = [*_of_temperature(temperature, language), *_of_humidity(humidity, language)]
    if parts:
        return (" " if language == "en" else "").join(parts)
    if language == "en":
        return f"{temperature} °C and {humidity} % are fine: all is well, nothing to do."
    return f"{temperature} 度和 {humidity}% 都合适：一切正常，不用做什么。"


def short_advice(temperature: int, humidity: int, language: Language) -> str:
    """The advice in one sentence, in Chinese of at most 20 characters."""
    hot, cold, wet, dry = temperature > 30, temperature < 12, humidity > 85, humidity < 45
    if language == "zh":
        acts = ["通风遮阳"] * hot + ["加热升温"] * cold + ["通风除湿"] * wet + ["喷雾浇水"] * dry
        return "、".join(acts) + "。" if acts else "一切正常，不用做什么。"
    acts = (
        ["ventilate and shade"] * hot + ["heat"] * cold + ["ventilate to dry the air"] * wet + ["mist or water"] * dry
    )
    sentence = ", and ".join(acts)
    return sentence[0].upper() + sentence[1:] + "." if acts else "All is well, nothing to do."


def word(temperature: int, humidity: int, language: Language) -> str:
    """The advice in one word, the temperature's first."""
    if temperature > 30 or (temperature >= 12 and humidity > 85):
        return "Ventilate" if language == "en" else "通风"
    if temperature < 12:
        return "Heat" if language == "en" else "加热"
    if humidity < 45:
        return "Water" if language == "en" else "浇水"
    return "Nothing" if language == "en" else "正常"


def _of_temperature(t: int, language: Language) -> list[str]:
    if t > 30:
        return [f"{t} °C is too hot: ventilate and shade." if language == "en" else f"{t} 度太热：通风并遮阳。"]
    if t < 12:
        return [f"{t} °C is too cold: heat the greenhouse." if language == "en" else f"{t} 度太冷：加热升温。"]
    return []


def _of_humidity(h: int, language: Language) -> list[str]:
    if h > 85:
        return [f"{h} % is too humid: ventilate to dry the air." if language == "en" else f"{h}% 太湿：通风除湿。"]
    if h < 45:
        return [f"{h} % is too dry: mist or water." if language == "en" else f"{h}% 太干：喷雾或浇水。"]
    return []
