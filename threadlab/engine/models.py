"""The models that this service answers for: names only, since no model is behind any of them.

Every fine-tuned model (`ft:…`) is there until its project deletes it.
"""

import msgspec

from threadlab.engine.call import Call, row_id
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f
from threadlab.wire.model_names import KNOWN, was_ever_real
from threadlab.wire.prompts import Prompt

UNKNOWN_DATE = 1_686_935_002
"""For models whose day of creation is not in our table (the date in the API's own example)."""
FINE_TUNED = "ft:"


def _model(name: str) -> f.Model:
    return f.Model(name, KNOWN.get(name, UNKNOWN_DATE), "system" if name in KNOWN else "threadlab")


def is_there(call: Call, name: str) -> bool:
    """Whether this project has a model of this name."""
    return was_ever_real(name) and not (name.startswith(FINE_TUNED) and call.store.get(row_id(f.DeletedModel, name, call.project)))


def check(call: Call, name: str) -> None:
    """Raises ApiError 400 for a model that this project cannot use."""
    if name not in call.state.deployments and not is_there(call, name):
        raise errors.unknown_model(name)


def of_deployment(call: Call, prompt: Prompt) -> Prompt:
    """A prompt for the model behind a deployment."""
    model = call.state.deployments.get(prompt.model)
    return prompt if model is None else msgspec.structs.replace(prompt, model=model)


def list_all(call: Call) -> f.ModelList:
    return f.ModelList([_model(name) for name in KNOWN])


def retrieve(call: Call) -> f.Model:
    if not is_there(call, call.ids[0]):
        raise errors.model_not_there(call.ids[0])
    return _model(call.ids[0])


def delete(call: Call) -> o.Deleted:
    """Delete a fine-tuned model: those alone belong to who asks. Raises ApiError 404 for any other."""
    name = call.ids[0]
    if not name.startswith(FINE_TUNED) or not is_there(call, name):
        raise errors.model_not_deletable(name)
    call.add(f.DeletedModel(name), call.project)
    call.note(object_id=name)
    return o.Deleted(name, "model")
