"""Right answers to the Python questions: the functions, each as a code block."""

from __future__ import annotations

EVEN_SQUARES = """```python
def sum_of_even_squares(numbers):
    return sum(n * n for n in numbers if n % 2 == 0)
```"""

FACTORIAL = """```python
def factorial(n):
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result
```"""

PRIME = """```python
def is_prime(n):
    if n < 2:
        return False
    for d in range(2, int(n ** 0.5) + 1):
        if n % d == 0:
            return False
    return True
```"""

GCD = """```python
def gcd(a, b):
    while b:
        a, b = b, a % b
    return a
```"""

QUICKSORT = """```python
def quicksort(items, low=0, high=None):
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
        quicksort(items, low, i - 1)
        quicksort(items, i + 1, high)
```"""

FIBONACCI = """```python
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
```"""

REVERSE = """```python
def reverse(text):
    return text[::-1]
```"""

VOWELS = """```python
def count_vowels(text):
    return sum(c in 'aeiou' for c in text.lower())
```"""

CELSIUS = """```python
def to_fahrenheit(celsius):
    return celsius * 9 / 5 + 32
```"""

UNIQUE = """```python
def unique(items):
    return list(dict.fromkeys(items))
```"""

PALINDROME = """```python
def is_palindrome(text):
    return text == text[::-1]
```"""

AVERAGE = """```python
def average(numbers):
    return sum(numbers) / len(numbers)
```"""

FIZZBUZZ = """```python
def fizzbuzz(n):
    result = []
    for i in range(1, n + 1):
        if i % 15 == 0:
            result.append('FizzBuzz')
        elif i % 3 == 0:
            result.append('Fizz')
        elif i % 5 == 0:
            result.append('Buzz')
        else:
            result.append(str(i))
    return result
```"""

MAXIMUM = """```python
def largest(items):
    best = items[0]
    for item in items:
        if item > best:
            best = item
    return best
```"""

WORDS = """```python
def count_words(text):
    return len(text.split())
```"""
