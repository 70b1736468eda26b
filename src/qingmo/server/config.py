"""How the server meets the network. Plain data; field names are the flags of `qingmo serve`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qingmo.errors import ConfigError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
MAX_QUEUE = 256
GRACE_SECONDS = 30.0
ANY_ADDRESS = ("0.0.0.0", "::", "")

_PREFIX = re.compile(r"(/[\w.~-]+)*")
_ORIGIN = re.compile(r"https?://[^/\s]+|\*")


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Raises ConfigError naming the flag, its value and what it must be."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT  # 0: any that is free
    api_keys: tuple[str, ...] = ()  # none: no key is asked for
    allowed_hosts: tuple[str, ...] = ()  # beside the loopback's own names; "*": any
    allowed_origins: tuple[str, ...] = ()  # web pages of other addresses that may call the API; "*": any
    root_path: str = ""  # where a proxy shows the server, such as /qingmo; "": at the top
    max_queue: int = MAX_QUEUE
    grace_period: float = GRACE_SECONDS  # seconds that answers may go on for after SIGTERM
    served_model_name: str | None = None  # None: the hub name, or the folder's own

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"--port is {self.port}; it must be from 0 to 65535, and 0 takes any that is free.")
        if self.max_queue < 1:
            raise ConfigError(f"--max-queue is {self.max_queue}; it must be at least 1.")
        if not 0 <= self.grace_period < 86400:
            raise ConfigError(f"--grace-period is {self.grace_period:g}; it must be from 0 to 86400 seconds.")
        if not _PREFIX.fullmatch(self.root_path):
            raise ConfigError(
                f"--root-path is {self.root_path!r}; it must look like /qingmo, with no slash at its end."
            )
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ConfigError(f"--allowed-origins has {origin!r}; it must look like https://example.org, or be *.")

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names the server goes by, beside the loopback's."""
        return self.allowed_hosts if self.host in ANY_ADDRESS else (*self.allowed_hosts, self.host)

    @property
    def is_open_to_the_network(self) -> bool:
        """Whether other machines may reach the server."""
        return self.host not in ("localhost", "::1") and not self.host.startswith("127.")


def read_api_keys(path: Path) -> tuple[str, ...]:
    """The keys in a file, one a line; empty lines and those that begin with # do not count.

    Raises ConfigError where it cannot be read or holds none.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--api-keys-file {path} cannot be read: {error}.") from error
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise ConfigError(f"--api-keys-file {path} holds no key. Write one on each line.")
    if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
        raise ConfigError(f"--api-keys-file {path} holds a key with a space or a character that is not ASCII.")
    return keys
