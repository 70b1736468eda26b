"""The names this server goes by. A web page elsewhere can point a name of its own at this machine (DNS rebinding) and
then reads whatever answers; the Host header still says that name, and gives it away."""

from __future__ import annotations

import re
from collections.abc import Iterable

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_PORT = re.compile(r":\d*$")


class Hosts:
    """names: those that pass beside the loopback's; "*": every name passes."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {*LOOPBACK_NAMES, *(host_name(name) for name in names)}

    def allow(self, host_header: str | None) -> bool:
        return "*" in self._names or (host_header is not None and host_name(host_header) in self._names)


def host_name(host_header: str) -> str:
    """Without port, in lower case; an IPv6 address in brackets."""
    name = host_header.strip().lower()
    if name.count(":") > 1 and not name.startswith("["):
        return f"[{name}]"
    return _PORT.sub("", name).removesuffix(".")
