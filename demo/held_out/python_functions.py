"""Small Python functions that run, and a sentence about them where one is asked for."""

from __future__ import annotations

from demo.held_out import python_answers as code
from demo.held_out.case import Kind, ask
from demo.held_out.rules.code import explains_in_chinese, explains_in_english, runs

_EVEN_SQUARES = runs("assert f([1, 2, 3, 4]) == 20; assert f([]) == 0; assert f([7]) == 0; assert f([-2, 6]) == 40")
_FACTORIAL = runs("assert [f(n) for n in (0, 1, 5, 7)] == [1, 1, 120, 5040]")
_PRIME = runs("assert [n for n in range(30) if f(n)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]; assert not f(49)")
_GCD = runs("assert f(12, 18) == 6; assert f(7, 5) == 1; assert f(100, 75) == 25")
_REVERSE = runs("assert f('abc') == 'cba'; assert f('') == ''; assert f('轻模') == '模轻'")
_PALINDROME = runs("assert f('level') and f('a') and not f('hello') and not f('ab')")
_VOWELS = runs("assert f('education') == 5; assert f('rhythm') == 0; assert f('banana') == 3")
_MAXIMUM = runs("assert f([3, 9, 2]) == 9; assert f([-5, -1, -3]) == -1; assert f([4]) == 4")
_AVERAGE = runs("assert f([2, 4, 6]) == 4; assert f([1, 2]) == 1.5; assert f([5]) == 5")
_UNIQUE = runs("assert sorted(f([1, 2, 2, 3, 1])) == [1, 2, 3]; assert list(f([])) == []")
_CELSIUS = runs("assert abs(f(100) - 212) < 1e-9; assert abs(f(0) - 32) < 1e-9; assert abs(f(-40) + 40) < 1e-9")
_WORDS = runs("assert f('one two three') == 3; assert f('  spaced   out ') == 2; assert f('') == 0")

# The series may begin with 0 or 1, and the function may give a member or the list of the first ones.
_FIBONACCI = runs(
    """
    given = f(10)
    if isinstance(given, int):
        members = [f(n) for n in range(1, 9)]
        assert members in ([1, 1, 2, 3, 5, 8, 13, 21], [0, 1, 1, 2, 3, 5, 8, 13], [1, 2, 3, 5, 8, 13, 21, 34])
    else:
        members = list(given)
        assert members[:7] in ([0, 1, 1, 2, 3, 5, 8], [1, 1, 2, 3, 5, 8, 13])
    """
)

# It may return the list, give the answer for one number, or print line after line.
_FIZZBUZZ = runs(
    """
    import contextlib, io
    wanted = "1 2 Fizz 4 Buzz Fizz 7 8 Fizz Buzz 11 Fizz 13 14 FizzBuzz".lower().split()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            given = f(15)
        except TypeError:
            given = f()
    if given is None:
        assert printed.getvalue().lower().split()[:15] == wanted
    elif isinstance(given, str) and len(given.split()) == 1:
        assert [str(f(n)).lower() for n in range(1, 16)] == wanted
    else:
        assert [str(each).lower() for each in (given.split() if isinstance(given, str) else given)] == wanted
    """
)

# The bounds may have to be given.
_QUICKSORT = runs(
    """
    for values in ([3, 1, 2], [5, 5, 1, 0, -7, 5], [2], list(range(20, 0, -1))):
        wanted = sorted(values)
        try:
            f(values)
        except TypeError:
            f(values, 0, len(values) - 1)
        assert values == wanted
    """
)

PYTHON = Kind(
    "python",
    plain=(
        ask(
            "写一个Python函数，计算列表中偶数的平方和，并解释。",
            f"{code.EVEN_SQUARES}\n函数挑出偶数，求它们的平方并相加。",
            _EVEN_SQUARES,
            explains_in_chinese,
        ),
        ask("写一个Python函数，计算阶乘。", f"{code.FACTORIAL}\n从2一直乘到n。", _FACTORIAL),
        ask("写一个Python函数，判断一个数是不是质数。", f"{code.PRIME}\n试除到平方根为止。", _PRIME),
        ask("写一个Python函数，求两个数的最大公约数。", f"{code.GCD}\n这是辗转相除法。", _GCD),
        ask(
            "写一个Python函数，原地快速排序。",
            f"{code.QUICKSORT}\n以最后一个元素为基准分成两段，再分别排序。",
            _QUICKSORT,
        ),
        ask(
            "Write a Python function that returns the n-th Fibonacci number.",
            f"{code.FIBONACCI}\nEach number is the sum of the two before it.",
            _FIBONACCI,
        ),
        ask(
            "Write a Python function that reverses a string, and explain it.",
            f"{code.REVERSE}\nThe slice walks through the string from its end.",
            _REVERSE,
            explains_in_english,
        ),
        ask(
            "Write a Python function that counts the vowels in a string.",
            f"{code.VOWELS}\nIt counts the letters a, e, i, o and u.",
            _VOWELS,
        ),
        ask(
            "Write a Python function that converts Celsius to Fahrenheit.",
            f"{code.CELSIUS}\nIt multiplies by 9/5 and adds 32.",
            _CELSIUS,
        ),
    ),
    paraphrased=(
        ask("python里怎么把列表的重复元素去掉，给个函数", f"{code.UNIQUE}\n字典的键不会重复。", _UNIQUE),
        ask(
            "我要个函数，看一个字符串是不是回文，再简单讲讲",
            f"{code.PALINDROME}\n把字符串倒过来，和原来的比较，一样就是回文。",
            _PALINDROME,
            explains_in_chinese,
        ),
        ask("求平均值的python代码，写成函数谢谢", f"{code.AVERAGE}\n总和除以个数。", _AVERAGE),
        ask("fizzbuzz面试题用python咋写", f"{code.FIZZBUZZ}\n三的倍数是Fizz，五的倍数是Buzz。", _FIZZBUZZ),
        ask(
            "got a list of ints, need python that squares the even ones and adds them up",
            f"{code.EVEN_SQUARES}\nIt keeps the even numbers and adds up their squares.",
            _EVEN_SQUARES,
        ),
        ask(
            "python func to find the biggest item of a list, w/o using anything fancy",
            f"{code.MAXIMUM}\nIt remembers the largest item so far.",
            _MAXIMUM,
        ),
        ask(
            "how would you count the words of a text in python? show me a function",
            f"{code.WORDS}\nIt splits the text at spaces.",
            _WORDS,
        ),
        ask(
            "quick python helper: is n prime or not? and tell me how it works",
            f"{code.PRIME}\nIt tries every divisor up to the square root of n.",
            _PRIME,
            explains_in_english,
        ),
    ),
)
