"""What a learner does, announced to the page around it: an exercise was checked, a prediction was made.

Only a browser's tab has such a page. It gets the announcement on a channel inside the browser, and passes it on if the learner has joined
a workshop; otherwise nothing comes of it. Nothing here uses a network.
"""

from __future__ import annotations

import json
import sys
from typing import Any

CHANNEL = "threads-course"
"""The name under which the page listens: courseware/browser/page/extension/static/room.js."""


def announce(kind: str, **facts: Any) -> None:
    """Tell the page. Never fails: whoever checks an answer wants to know about the answer."""
    if sys.platform == "emscripten":
        _tell(json.dumps({"kind": kind, **facts}))


_channel: Any = None


def _tell(text: str) -> None:
    global _channel
    try:
        if _channel is None:
            import js  # type: ignore[import-not-found,unused-ignore]

            _channel = js.BroadcastChannel.new(CHANNEL)
        _channel.postMessage(text)
    except Exception:
        return
