"""Everybody's own password: NativeAuthenticator, with JupyterHub's own page to sign in.

NativeAuthenticator 1.3 brings a page that uses what JupyterHub 6 no longer has (`statsd`). What it adds is a second factor, which is not
used here.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers.login import LoginHandler
from nativeauthenticator import NativeAuthenticator


class OwnPasswords(NativeAuthenticator):  # type: ignore[misc]
    """People sign up with a password of their own; JupyterHub asks for it."""

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        return [(path, LoginHandler if path == "/login" else handler) for path, handler in super().get_handlers(app)]
