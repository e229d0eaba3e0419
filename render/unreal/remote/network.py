"""The multicast group by which editors are found.

The socket is bound to every address (0.0.0.0): bound to 127.0.0.1, as Unreal and upyrc do unless told, Linux and macOS give
it no multicast at all. Which network it listens on is then a matter of joining. An editor listens on the one that its
project names, the loopback one or the system's choice, and nothing tells which; so we join all of them, send pings
on each, and ask for a connection on one after the other.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from types import TracebackType

from render.unreal.errors import NoMulticast
from render.unreal.remote.deadline import Deadline

LOOPBACK, ANY = "127.0.0.1", "0.0.0.0"
LARGEST_DATAGRAM = 65536
NO_ROUTE = {errno.ENODEV, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EHOSTUNREACH, errno.ENETDOWN}
ALREADY = {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)}


@dataclass(frozen=True)
class Network:
    """Where editors are looked for; the defaults are Unreal's.

    ``ttl`` 0 keeps messages on this machine. ``command_host`` is the address on which we listen and which the editor dials.
    """

    group: str = "239.0.0.1"
    port: int = 6766
    interface: str = ANY
    ttl: int = 0
    command_host: str = LOOPBACK

    def __str__(self) -> str:
        return f"{self.group}:{self.port}"

    @property
    def hint(self) -> str:
        """What to do where a machine has no network."""
        return (
            f"this machine has no route for multicast (no network?): connect it, or route it to the loopback device "
            f"(Linux, as root: ip route add {self.group}/32 dev lo), and restart the editor"
        )


class Group:
    """A socket that has joined the group. A context manager.

    ``ways`` are the addresses of the interfaces that could be joined, in the order in which they are tried.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.without_route = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._prepare()
            wanted = dict.fromkeys((network.interface, LOOPBACK, ANY))
            self.ways = tuple(way for way in wanted if self._joined(way))
        except BaseException:
            self._socket.close()
            raise
        if not self.ways:
            self._socket.close()
            raise NoMulticast(f"cannot join the multicast group {network}: {network.hint}")

    def __enter__(self) -> Group:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes, way: str) -> bool:
        """Send to the group by one way; False where that has no route any more."""
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(way))
            self._socket.sendto(message, (self.network.group, self.network.port))
        except OSError as error:
            if error.errno in NO_ROUTE:
                self.without_route = True
                return False
            raise NoMulticast(f"cannot send to the multicast group {self.network}: {error.strerror or error}") from error
        return True

    def receive(self, deadline: Deadline, at_most: float) -> tuple[bytes, str] | None:
        """The next datagram and the address of its sender; None if nothing comes in ``at_most`` seconds."""
        self._socket.settimeout(deadline.timeout(at_most))
        try:
            data, address = self._socket.recvfrom(LARGEST_DATAGRAM)
        except OSError:  # none in time; on Windows also one that was too long, or word of an earlier one that nobody took
            return None
        return data, str(address[0])

    def _prepare(self) -> None:
        sharing = [socket.SO_REUSEADDR]
        if hasattr(socket, "SO_REUSEPORT"):
            sharing.append(socket.SO_REUSEPORT)
        for option in sharing:
            self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self.network.ttl)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        try:
            self._socket.bind((ANY, self.network.port))
        except OSError as error:
            reason = (
                f"UDP port {self.network.port} is held by a program that does not share it" if error.errno in ALREADY else error.strerror
            )
            raise NoMulticast(f"cannot listen to the multicast group {self.network}: {reason}") from error

    def _joined(self, way: str) -> bool:
        request = socket.inet_aton(self.network.group) + socket.inet_aton(way)
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        except OSError as error:
            if error.errno in ALREADY:  # the system's choice is an interface that we have joined by its address
                return False
            if error.errno not in NO_ROUTE:
                raise NoMulticast(f"cannot join the multicast group {self.network} by {way}: {error.strerror or error}") from error
            self.without_route = True
            return False
        return True
