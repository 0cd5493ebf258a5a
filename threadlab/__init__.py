"""The Threads service: the conversation side of the Assistants API, on this computer.

`%load_ext threadlab` in a notebook, `from threadlab import Service` in Python, `python -m threadlab serve` in a shell. Importing the
package costs next to nothing: what is behind each name is imported when the name is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from threadlab.virtual_time import _state

if TYPE_CHECKING:
    from threadlab.extension import load_ipython_extension, unload_ipython_extension
    from threadlab.service.in_process import Service

    __version__: str

__all__ = ["Service", "__version__", "in_trial", "load_ipython_extension", "unload_ipython_extension"]

_HOMES = {
    "Service": "threadlab.service.in_process",
    "load_ipython_extension": "threadlab.extension",
    "unload_ipython_extension": "threadlab.extension",
}


def in_trial() -> bool:
    """True inside a trial, where clients get the trial's own transport and `%load_ext threadlab` has nothing to do."""
    return _state.trial_active


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("threads-course")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name == "__version__":
        value = _version()
    else:
        raise AttributeError(f"module 'threadlab' has no attribute {name!r}")
    globals()[name] = value
    return value
