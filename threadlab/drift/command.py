"""`drift` from a shell."""

import json
import sys
from pathlib import Path

from threadlab.drift.replay import Finding, LeftOut, Replay
from threadlab.errors import ThreadlabError
from threadlab.recording import exchanges
from threadlab.recording.exchanges import Recording

SAME, DRIFT, UNREADABLE = 0, 1, 2


def main(file: Path, *, as_json: bool) -> int:
    """Compare, print, and return the exit code."""
    try:
        recording = exchanges.read(file)
    except ThreadlabError as error:
        print(f"threadlab: {error}", file=sys.stderr)
        return UNREADABLE
    replay = Replay()
    findings = list(replay.findings(recording))
    if recording.torn is not None:
        print(f"threadlab: {recording.torn_sentence()}", file=sys.stderr)
    if as_json:
        print(json.dumps(_as_json(recording, replay, findings), indent=2, ensure_ascii=False))
    else:
        _print(recording, replay, findings)
    if not replay.compared:
        print(f"threadlab: Nothing in {file} could be compared.", file=sys.stderr)
        return UNREADABLE
    return DRIFT if findings else SAME


def _as_json(recording: Recording, replay: Replay, found: list[Finding]) -> dict[str, object]:
    return {
        "recording": str(recording.file),
        "endpoint": recording.heading.url,
        "exchanges": len(recording.lines),
        "compared": replay.compared,
        "torn_line": recording.torn,
        "left_out": [one._asdict() for one in replay.left_out],
        "drift": [one._asdict() for one in found],
    }


def _print(recording: Recording, replay: Replay, found: list[Finding]) -> None:
    for one in found:
        print(f"line {one.line}, {one.request}: {one.at}: {one.sentence}")
    for left in _grouped(replay.left_out):
        print(left)
    exchanged = f"{replay.compared} of {len(recording.lines)} exchanges with {recording.heading.url} were compared"
    print(f"{exchanged}: {f'{len(found)} differences' if len(found) != 1 else '1 difference'} in shape.")


def _grouped(left_out: list[LeftOut]) -> list[str]:
    lines: dict[tuple[str, str], list[int]] = {}
    for one in left_out:
        lines.setdefault((one.request, one.why), []).append(one.line)
    return [
        f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}, {request}: not compared: {why}"
        for (request, why), numbers in lines.items()
    ]
