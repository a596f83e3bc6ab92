"""A wire to a server: what comes back stops after so many bytes until it is let go, or is cut off there once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Wire:
    """Carries connections to a port of 127.0.0.1; `carried` counts what came back since it was last held or let go."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.free = threading.Condition()
        self.limit: float = float("inf")
        self.end: float = float("inf")
        self.carried = 0

    def cut(self, after: int) -> None:
        """Carry so many bytes more, and then hang up, once."""
        with self.free:
            self.end, self.carried = after, 0

    def hold(self, after: int) -> None:
        """Carry so many bytes more and then none."""
        with self.free:
            self.limit, self.carried = after, 0

    def let_go(self) -> None:
        """Carry whatever comes."""
        with self.free:
            self.limit, self.carried = float("inf"), 0
            self.free.notify_all()

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                near = self.listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.target))
                for each in (near, far):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for carry in (self._carry(near, far, counted=False), self._carry(far, near, counted=True)):
                    carry.start()

    def _carry(self, source: socket.socket, sink: socket.socket, *, counted: bool) -> threading.Thread:
        def run() -> None:
            with suppress(OSError):
                while data := source.recv(1 << 14):
                    if counted:
                        with self.free:
                            self.free.wait_for(lambda: self.carried < self.limit)
                            if self.carried >= self.end:
                                self.end = float("inf")
                                break
                            self.carried += len(data)
                    sink.sendall(data)
            for each in (source, sink):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        return threading.Thread(target=run, daemon=True)


@contextmanager
def wire(target: int) -> Iterator[Wire]:
    """A wire to a port, free at first."""
    carrying = Wire(target)
    threading.Thread(target=carrying.serve, daemon=True).start()
    try:
        yield carrying
    finally:
        carrying.let_go()
        carrying.listener.close()
