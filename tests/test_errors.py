"""Messages quote files and requests: what they quote can neither steer a terminal nor fill it."""

from __future__ import annotations

import pytest

from qingmo import QingmoError, SamplingParams
from qingmo.errors import InvalidRequestError, UnsupportedError


def test_characters_a_terminal_may_obey_are_written_as_escapes() -> None:
    assert str(UnsupportedError("a\x1b[31m\ud800\u202e 你好\nb")) == "a\\x1b[31m\\ud800\\u202e 你好\nb"
    assert str(QingmoError("plain")) == "plain"


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf"), -1])
def test_a_number_out_of_range_is_refused_however_large(value: float) -> None:
    with pytest.raises(InvalidRequestError, match=r"temperature is .{1,100}; it must be a number from 0 to 100"):
        SamplingParams(temperature=value)


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        SamplingParams(top_p="x" * 10_000)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 300
