"""Where the room can be reached, and the QR code that says so."""

from __future__ import annotations

import contextlib
import socket

import segno
from markupsafe import Markup

from threadlab.errors import ThreadlabError

PORT = 8660
EVERYWHERE = ("0.0.0.0", "::")


def open_socket(listen: str, port: int) -> socket.socket:
    """A socket that listens. Raises ThreadlabError when it cannot be had."""
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and listen == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((listen, port))
        listener.listen(512)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise ThreadlabError(
            f"{listen} port {port} cannot be used ({reason}). Name another port with --port N, or another address."
        ) from None
    return listener


def of_this_computer() -> str:
    """The address that others in the network have for this computer; the loopback's when there is no network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, contextlib.suppress(OSError):
        asking.connect(("192.0.2.1", 9))  # an address for documentation: only the way there is looked up
        return str(asking.getsockname()[0])
    return "127.0.0.1"


def shown(listen: str, port: int, secure: bool) -> str:
    """The address for the projector."""
    host = of_this_computer() if listen in EVERYWHERE else listen
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def qr(address: str) -> Markup:
    """The address as a picture. Dark on light in every theme, or telephones do not read it."""
    code = segno.make(address, error="m", micro=False)
    return Markup(code.svg_inline(scale=1, border=3, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None))  # noqa: S704
