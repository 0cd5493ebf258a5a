"""The Threads service: the conversation side of the Assistants API, on this computer.

`%load_ext threadlab` in a notebook, `from threadlab import Service` in Python, `threadlab serve` in a shell. Importing the package costs
next to nothing: what is behind each name is imported when the name is first used. The names in `__all__` are public and stay.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from threadlab import moved
from threadlab.version import version
from threadlab.virtual_time._state import in_trial

if TYPE_CHECKING:
    from threadlab.errors import ThreadlabError
    from threadlab.extension import load_ipython_extension, unload_ipython_extension
    from threadlab.prices import PUBLISHED
    from threadlab.service.in_process import Service
    from threadlab.text.tokens import of_message
    from threadlab.trials.explore import explore, explore_kills
    from threadlab.trials.host import Limits
    from threadlab.trials.timeline import Timeline
    from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, ON_TEXT, Evidence, Spec, World, in_process, trial
    from threadlab.widgets import CostMeter, FaultKnobs, Polls, Race, RunLife, ThreadView

    __version__: str

__all__ = [
    "ASYNC_CLIENT",
    "CLIENT",
    "ON_TEXT",
    "PUBLISHED",
    "CostMeter",
    "Evidence",
    "FaultKnobs",
    "Limits",
    "Polls",
    "Race",
    "RunLife",
    "Service",
    "Spec",
    "ThreadView",
    "ThreadlabError",
    "Timeline",
    "World",
    "__version__",
    "explore",
    "explore_kills",
    "in_process",
    "in_trial",
    "load_ipython_extension",
    "of_message",
    "trial",
    "unload_ipython_extension",
]

_HOMES = {
    "errors": ("ThreadlabError",),
    "extension": ("load_ipython_extension", "unload_ipython_extension"),
    "prices": ("PUBLISHED",),
    "service.in_process": ("Service",),
    "text.tokens": ("of_message",),
    "trials.explore": ("explore", "explore_kills"),
    "trials.host": ("Limits",),
    "trials.timeline": ("Timeline",),
    "trials.trial": ("ASYNC_CLIENT", "CLIENT", "ON_TEXT", "Evidence", "Spec", "World", "in_process", "trial"),
    "widgets": ("CostMeter", "FaultKnobs", "Polls", "Race", "RunLife", "ThreadView"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = version()
    else:
        home = next((module for module, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module 'threadlab' has no attribute {name!r}")
        value = getattr(import_module(f"threadlab.{home}"), name)
    globals()[name] = value
    return value


moved.answer_old_paths()
