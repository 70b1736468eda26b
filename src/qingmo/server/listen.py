"""Takes the address before anything else is done, so that a port in use is known at once and not after loading."""

from __future__ import annotations

import errno
import socket
from typing import TypeAlias, cast

from qingmo.errors import ConfigError, QingmoError
from qingmo.server.port_owner import port_owner

BACKLOG = 2048
Address: TypeAlias = "tuple[str | int, ...]"


class PortInUseError(QingmoError):
    """Another program, named where that can be known, listens there already."""

    def __init__(self, host: str, port: int) -> None:
        owner = port_owner(port)
        super().__init__(
            f"Port {port} on {host} is in use{f' by {owner}' if owner else ''}. "
            f"Choose another one: --port {port + 1 if port < 65535 else 0}, or PORT={port + 1} ./start.sh."
        )


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address `host` stands for, all on one port. Port 0: any that is free.

    Raises PortInUseError, and ConfigError for a host or port this machine does not give.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            chosen = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_bound(family, (address[0], chosen, *address[2:])))
    except OSError as error:
        for bound in sockets:
            bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise ConfigError(f"--host {host} --port {port} cannot be used: {error.strerror}.") from error
    return sockets


def _addresses(host: str, port: int) -> list[tuple[int, Address]]:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigError(f"--host is {host!r}, which stands for no address here: {error.strerror}.") from error
    return list(dict.fromkeys((int(family), cast(Address, address)) for family, _, _, _, address in found))


def _bound(family: int, address: Address) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound
