"""Every error Qingmo raises on purpose. Each message says what happened, with which value, and what to do.

QingmoError
├── InvalidRequestError      a request that cannot be served as asked (a bad field, an empty prompt)
│   └── PromptTooLongError
├── QueueFullError           too many requests wait already; come back later
├── StoppingError            the engine takes no more requests
├── EngineError              the engine failed, and every answer with it
├── ConfigError              an engine option that is wrong or impossible together with another
├── UnsupportedError         something real that this version of Qingmo does not do
├── BenchError               a measurement that could not be made
└── ModelError
    ├── ModelNotFoundError   no such folder, or nothing cached and no way to fetch it
    │   └── HubUnreachableError
    ├── DownloadError        a download that could not be finished
    ├── CheckpointError      a file of the model is missing, damaged or not what config.json says
    └── PackedFileError      the packed copy in the cache could not be written or read
"""

from __future__ import annotations


class QingmoError(Exception):
    """The root: `except QingmoError` catches everything Qingmo refuses on purpose.

    Messages quote files and requests, so characters that a terminal may obey are written as escapes in them.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in message))


class InvalidRequestError(QingmoError, ValueError):
    """A request that cannot be served as asked; `field` names the part to change."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class PromptTooLongError(InvalidRequestError):
    """The prompt has more tokens than --max-model-len leaves room for."""

    def __init__(self, prompt_tokens: int, max_model_len: int) -> None:
        super().__init__(
            f"The prompt has {prompt_tokens} tokens, but --max-model-len is {max_model_len} and at least one token "
            f"must be left for the answer. Shorten the prompt or raise --max-model-len.",
            field="prompt",
        )
        self.prompt_tokens = prompt_tokens
        self.max_model_len = max_model_len


class QueueFullError(QingmoError):
    """As many requests wait as may; `retry_after` is when to try again, in seconds."""

    def __init__(self, waiting: int, retry_after: float) -> None:
        super().__init__(
            f"{waiting} requests are waiting already, which is as many as may. Try again in {retry_after:.0f} s."
        )
        self.retry_after = retry_after


class StoppingError(QingmoError):
    """The engine is stopping: it takes no more requests."""


class EngineError(QingmoError):
    """The engine failed while it computed. No answer can go on, and it takes no more requests."""


class ConfigError(QingmoError, ValueError):
    """An engine option that is wrong by itself or impossible together with another."""


class UnsupportedError(QingmoError):
    """Something real that this version of Qingmo does not do."""


class BenchError(QingmoError):
    """A measurement that could not be made: a server that does not answer, a process that died."""


class ModelError(QingmoError):
    """The model's files, wherever they come from."""


class ModelNotFoundError(ModelError):
    """No such folder, or nothing cached and no way to fetch it."""


class HubUnreachableError(ModelNotFoundError):
    """The model is not on this machine, and its hub cannot be reached or may not be asked."""


class DownloadError(ModelError):
    """A download that could not be finished; what arrived so far is kept and resumed next time."""


class CheckpointError(ModelError):
    """A file of the model is missing, damaged, or not what config.json says."""


class PackedFileError(ModelError):
    """The packed copy in Qingmo's cache could not be written or read."""
