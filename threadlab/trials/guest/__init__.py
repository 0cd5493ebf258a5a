"""The guest side of a trial: what runs a learner's code. It decides nothing and knows no expectations."""

from collections.abc import Callable
from typing import Any

import msgspec

from threadlab.trials.guest import messages as m

_told = msgspec.msgpack.Decoder(m.Told)
_said = msgspec.msgpack.Encoder()
_spec = msgspec.msgpack.Decoder(m.Spec)


def serve(spec: bytes, namespace: dict[str, Any], exchange: Callable[[bytes], bytes]) -> bytes:
    """Run one trial's guest for a host in another process: `exchange` carries one message there and its answer back."""
    from threadlab.trials.guest.answer import surroundings
    from threadlab.trials.guest.run import run

    request = _spec.decode(spec)
    ending = run(request, surroundings(namespace, request.context), lambda said: _told.decode(exchange(_said.encode(said))))
    return _said.encode(ending)
