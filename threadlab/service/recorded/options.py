"""What the options ask for: which endpoint is recorded, and what plays in its place."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from threadlab.errors import ThreadlabError
from threadlab.responders import RemoteResponder
from threadlab.service.responder_options import INSIDE, Choice, chosen, endpoint, remote
from threadlab.virtual_time.clock import Clock
from threadlab.wire.exchange import Reply, Request

if TYPE_CHECKING:
    import httpx2

    from threadlab.recording.exchanges import Heading, Kind, Recording

_OF_THE_ENGINE = ("scenario", "limits", "any_id", "deployment", "project", "responder")
"""Options that change what the service itself answers, and so nothing where an endpoint answers."""


class Source(NamedTuple):
    """Where replies come from, before anything is opened."""

    choice: Choice
    forwards: bool = False
    """Whether requests go on as they are (to an endpoint or its recording), past the engine."""
    record: Path | None = None
    recording: Recording | None = None


class Answering(NamedTuple):
    """The same, ready to be asked."""

    responder: RemoteResponder | None
    forward: Callable[[Request], Awaitable[Reply]] | None
    described: str
    """The end of "Replies come from ..."."""


def source(options: Namespace) -> Source:
    """What the options ask for. Raises ThreadlabError for what does not go together, and for a recording that cannot be read."""
    if options.replay is not None:
        return _replayed(options)
    if options.upstream is not None:
        if options.record is None:
            raise ThreadlabError("--upstream passes requests on so that they can be recorded: name the file with --record.")
        _refuse_others(options, "--upstream")
        return Source(endpoint(options.upstream), True, options.record)
    choice = chosen(options)
    if options.record is not None and choice.name != "hosted":
        raise ThreadlabError(
            f"--record keeps what an endpoint answers, and {choice.name} replies come from none: add --responder hosted, or --upstream URL."
        )
    return Source(choice, record=options.record)


def _replayed(options: Namespace) -> Source:
    from threadlab.recording import exchanges

    for other in ("record", "upstream"):
        if getattr(options, other) is not None:
            raise ThreadlabError(f"--replay and --{other} do not go together: a recording answers in place of the endpoint.")
    if options.responder not in (None, "hosted"):
        raise ThreadlabError(f"--replay answers from the recording, and --responder {options.responder} does not: leave one of them out.")
    recording = exchanges.read(options.replay)
    if recording.torn is not None:
        print(f"threadlab: {recording.torn_sentence()}", file=sys.stderr, flush=True)
    heading = recording.heading
    if heading.of == "upstream":
        _refuse_others(options, "--replay with the recording of an endpoint")
    choice = Choice("hosted", heading.url, heading.model, heading.api or "responses")
    return Source(choice, heading.of == "upstream", recording=recording)


def _refuse_others(options: Namespace, what: str) -> None:
    for name in _OF_THE_ENGINE:
        if getattr(options, name):
            raise ThreadlabError(
                f"{what} answers in place of this service, so --{name.replace('_', '-')} would change nothing: leave it out."
            )


def opened(asked: Source, clock: Clock, own_keys: list[str], ends: ExitStack) -> Answering:
    """Open the recording that `asked` names, if any. `own_keys`: what must not stand in it besides the endpoint's key.

    Raises ThreadlabError.
    """
    choice = asked.choice
    transport, note = _transport(asked, clock, own_keys, ends)
    if asked.forwards:
        from threadlab.service.recorded.forwarding import Forwarder

        assert transport is not None
        described = note if asked.recording else f"the endpoint at {urlsplit(choice.url).netloc}, to which requests go on, {note}"
        return Answering(None, Forwarder(choice.url, choice.key, transport), described)
    responder = remote(choice, transport)
    described = responder.described if responder else INSIDE[choice.name]
    return Answering(responder, None, note if asked.recording else f"{described}, {note}" if note else described)


def _transport(asked: Source, clock: Clock, own_keys: list[str], ends: ExitStack) -> tuple[httpx2.AsyncBaseTransport | None, str]:
    """What carries requests to the endpoint, if not the SDK's own, and what is to be said of it."""
    if asked.recording is not None:
        from threadlab.recording.player import ReplayTransport

        host = urlsplit(asked.recording.heading.url).netloc
        what = f"the recording {asked.recording.file} of {host}, not from a model"
        return ReplayTransport(asked.recording, clock.asleep), what
    if asked.record is not None:
        from threadlab.recording.recorder import Recorder, RecordingTransport

        keys = [asked.choice.key, *own_keys]
        recorder = ends.enter_context(closing(Recorder(asked.record.absolute(), _heading(asked), keys)))
        return RecordingTransport(recorder, asked.choice.url), f"recorded in {asked.record}"
    return None, ""


def _heading(asked: Source) -> Heading:
    from threadlab.recording.exchanges import FORMAT, Heading

    kind: Kind = "upstream" if asked.forwards else "responder"
    api, model = ("", "") if asked.forwards else (asked.choice.api, asked.choice.model)
    return Heading(FORMAT, kind, asked.choice.url, api, model)
