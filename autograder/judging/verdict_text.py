"""A verdict as text, for a terminal and for a notebook's output."""

from __future__ import annotations

from autograder.judging.behaviours import Verdict


def render(verdict: Verdict) -> str:
    """A verdict as text: a line a behaviour, what was tried, and the score."""
    lines, said = [], set[str]()
    for finding in verdict.findings:
        mark = "pass" if finding.earned == finding.points else "FAIL"
        says = f": {finding.sentence}" if finding.sentence else ""
        if finding.sentence and finding.sentence in said:
            says = ": the same as above."
        elif finding.where:
            says += f" ({finding.where})"
        said.add(finding.sentence)
        lines.append(f"[{mark}] {finding.behaviour} ({finding.earned}/{finding.points}){says}")
    if verdict.coverage:
        lines.append(verdict.coverage)
    passed = (
        "visible checks passed"
        if not verdict.lost
        else f"{len(verdict.findings) - len(verdict.lost)} of {len(verdict.findings)} checks passed"
    )
    lines.append(f"{verdict.part}: {verdict.earned} of {verdict.points} points, {passed}.")
    return "\n".join(lines)
