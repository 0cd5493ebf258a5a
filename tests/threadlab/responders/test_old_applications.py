"""An application that nobody changed, over the bridge: somebody else's client of the Assistants API, with its tool calls."""

from __future__ import annotations

import os
from pathlib import Path

from tests.threadlab.clients import test_clients as clients
from tests.threadlab.responders.serving import bridged, serving

pytestmark = clients.pytestmark


def test_old_application_passes_the_bridge(tmp_path: Path) -> None:
    with serving(tmp_path / "model", "--clock", "x50") as model, bridged(tmp_path / "bridge", f"{model.url}/v1", model.key) as service:
        own = {"OPENAI_BASE_URL": f"{service.url}/v1", "OPENAI_API_KEY": service.key, "NO_PROXY": "127.0.0.1"}
        said = clients.python({**os.environ, **own}, "langchain.py")
    assert said == {"by_hand": clients.POPULATION, "agent": clients.POPULATION, "again": clients.CAPITAL}
