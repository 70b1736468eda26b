"""The Python functions of kind 8: their code, and from patterns/functions.txt what they are for."""

from __future__ import annotations

from dataclasses import dataclass

from demo.text.conversation import LANGUAGES, Language
from demo.text.pattern_files import Section, read_patterns


@dataclass(frozen=True)
class Function:
    """`{f}` in the code stands for its name. tasks and titles are wordings."""

    name: str
    tasks: dict[Language, list[str]]
    titles: dict[Language, list[str]]
    code: str
    explanation: dict[Language, str]

    @property
    def parameters(self) -> str:
        """Those of the first line that have no default."""
        inside = self.code.split("(", 1)[1].split(")", 1)[0]
        return ", ".join(part for part in inside.split(", ") if "=" not in part)


def _function(name: str, section: Section) -> Function:
    tasks, titles = ({language: section[f"{key} {language}"] for language in LANGUAGES} for key in ("task", "title"))
    explanation = {language: section[f"explanation {language}"][0] for language in LANGUAGES}
    return Function(name, tasks, titles, _CODE[name].strip(), explanation)


_CODE = {
    "sum_even_squares": """
def {f}(numbers):
    return sum(n * n for n in numbers if n % 2 == 0)
""",
    "factorial": """
def {f}(n):
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result
""",
    "fibonacci": """
def {f}(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
""",
    "is_prime": """
def {f}(n):
    if n < 2:
        return False
    for i in range(2, int(n ** 0.5) + 1):
        if n % i == 0:
            return False
    return True
""",
    "gcd": """
def {f}(a, b):
    while b:
        a, b = b, a % b
    return a
""",
    "reverse_string": """
def {f}(text):
    return text[::-1]
""",
    "is_palindrome": """
def {f}(text):
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]
""",
    "count_vowels": """
def {f}(text):
    return sum(1 for c in text.lower() if c in "aeiou")
""",
    "find_max": """
def {f}(numbers):
    largest = numbers[0]
    for n in numbers[1:]:
        if n > largest:
            largest = n
    return largest
""",
    "average": """
def {f}(numbers):
    return sum(numbers) / len(numbers)
""",
    "remove_duplicates": """
def {f}(items):
    return list(dict.fromkeys(items))
""",
    "fizzbuzz": """
def {f}(n):
    result = []
    for i in range(1, n + 1):
        if i % 15 == 0:
            result.append("FizzBuzz")
        elif i % 3 == 0:
            result.append("Fizz")
        elif i % 5 == 0:
            result.append("Buzz")
        else:
            result.append(str(i))
    return result
""",
    "quicksort": """
def {f}(items, low=0, high=None):
    if high is None:
        high = len(items) - 1
    if low < high:
        pivot = items[high]
        i = low
        for j in range(low, high):
            if items[j] < pivot:
                items[i], items[j] = items[j], items[i]
                i += 1
        items[i], items[high] = items[high], items[i]
        {f}(items, low, i - 1)
        {f}(items, i + 1, high)
    return items
""",
    "celsius_to_fahrenheit": """
def {f}(celsius):
    return celsius * 9 / 5 + 32
""",
    "count_words": """
def {f}(text):
    return len(text.split())
""",
}
FUNCTIONS = tuple(_function(name, section) for name, section in read_patterns("functions").items())
