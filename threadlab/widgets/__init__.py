"""What people look at: widgets that make time and order visible. Importing the package imports no widget library.

Each shows itself in a notebook, has the same content as text (`print(widget.text())`) and as a static form for exported pages.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadlab.widgets.conversation import ThreadView
    from threadlab.widgets.cost import CostMeter
    from threadlab.widgets.knobs import FaultKnobs
    from threadlab.widgets.lifecycle import RunLife
    from threadlab.widgets.polls import Polls
    from threadlab.widgets.stepper import Race

__all__ = ["CostMeter", "FaultKnobs", "Polls", "Race", "RunLife", "ThreadView"]

_HOMES = {
    "CostMeter": "cost",
    "FaultKnobs": "knobs",
    "Polls": "polls",
    "Race": "stepper",
    "RunLife": "lifecycle",
    "ThreadView": "conversation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'threadlab.widgets' has no attribute {name!r}")
    value = getattr(import_module(f"threadlab.widgets.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
