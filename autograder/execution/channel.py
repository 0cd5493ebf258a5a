"""Frames on a socket: four bytes of length, then that many bytes. Plain blocking calls, because a trial makes thousands of round trips."""

import socket
import struct
import time

from autograder.execution.frames import FRAME_LIMIT

_HEADER = struct.Struct(">I")
_CHUNK = 1 << 17


class ChannelError(Exception):
    """Something is wrong with the pipe. The text is a sentence."""


class ChannelClosed(ChannelError):
    """The other side has gone."""


class ChannelTimeout(ChannelError):
    """The other side did not read or write in time."""


class FrameTooLarge(ChannelError):
    """A frame is longer than FRAME_LIMIT."""


class Channel:
    """One end of the pipe. Deadlines are `time.monotonic()` values; None waits for ever."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray()

    def send(self, frame: bytes, deadline: float | None = None) -> None:
        """Raises FrameTooLarge before anything is sent, ChannelTimeout, ChannelClosed."""
        if len(frame) > FRAME_LIMIT:
            raise FrameTooLarge(f"a message of {len(frame):,} bytes is longer than the {FRAME_LIMIT:,} that may pass")
        try:
            self._wait(deadline)
            self.sock.sendall(_HEADER.pack(len(frame)) + frame)
        except TimeoutError:
            raise ChannelTimeout("the other side of the pipe did not read in time") from None
        except OSError as problem:
            raise ChannelClosed(f"the other side of the pipe has gone ({problem})") from None

    def receive(self, deadline: float | None = None) -> bytes:
        """The next frame. Raises FrameTooLarge, ChannelTimeout, ChannelClosed."""
        buffer = self._buffer
        while len(buffer) < _HEADER.size:
            self._fill(deadline)
        (size,) = _HEADER.unpack_from(buffer)
        if size > FRAME_LIMIT:
            raise FrameTooLarge(f"a message that says it has {size:,} bytes is longer than the {FRAME_LIMIT:,} that may pass")
        end = _HEADER.size + size
        while len(buffer) < end:
            self._fill(deadline)
        frame = bytes(buffer[_HEADER.size : end])
        del buffer[:end]
        return frame

    def pending(self) -> bool:
        """Whether anything has arrived that nobody asked for."""
        if self._buffer:
            return True
        try:
            self.sock.settimeout(0)
            chunk = self.sock.recv(_CHUNK)
        except OSError:
            return False
        self._buffer += chunk
        return bool(chunk)

    def close(self) -> None:
        """Close this end."""
        self.sock.close()

    def _wait(self, deadline: float | None) -> None:
        if deadline is None:
            self.sock.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)

    def _fill(self, deadline: float | None) -> None:
        try:
            self._wait(deadline)
            chunk = self.sock.recv(_CHUNK)
        except TimeoutError:
            raise ChannelTimeout("nothing came through the pipe in time") from None
        except OSError as problem:
            raise ChannelClosed(f"the other side of the pipe has gone ({problem})") from None
        if not chunk:
            raise ChannelClosed("the other side of the pipe has gone")
        self._buffer += chunk
