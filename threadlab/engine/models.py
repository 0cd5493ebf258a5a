"""The models that this service answers for: names only, since no model is behind any of them."""

from threadlab.engine.call import Call
from threadlab.wire import errors
from threadlab.wire import files as f
from threadlab.wire.model_names import KNOWN, was_ever_real

UNKNOWN_DATE = 1_686_935_002
"""For models whose day of creation is not in our table (the date in the API's own example)."""


def _model(name: str) -> f.Model:
    return f.Model(name, KNOWN.get(name, UNKNOWN_DATE), "system" if name in KNOWN else "threadlab")


def list_all(call: Call) -> f.ModelList:
    return f.ModelList([_model(name) for name in KNOWN])


def retrieve(call: Call) -> f.Model:
    if not was_ever_real(call.ids[0]):
        raise errors.model_not_there(call.ids[0])
    return _model(call.ids[0])
