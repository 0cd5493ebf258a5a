"""A verdict as text, for a terminal and for a notebook's output: the score, the first failure in full, the rest short."""

from __future__ import annotations

from autograder.judging.behaviours import NOT_WRITTEN, Finding, Verdict

SHORT = 160
"""Characters of a sentence that is not the first."""


def render(verdict: Verdict) -> str:
    """A verdict as text: the score, a line a behaviour, what was tried."""
    score = f"{verdict.part}: {verdict.earned} of {verdict.points} points"
    failed = [one for one in verdict.findings if one.earned < one.points]
    if failed and all(one.key == NOT_WRITTEN for one in verdict.findings):
        return f"{score}: not written yet."
    passed = f"{len(verdict.findings) - len(failed)} of {len(verdict.findings)} checks passed" if failed else "visible checks passed"
    first = next((one for one in failed if not one.follows), None)
    lines = [f"{score}, {passed}."]
    lines += [_line(one, in_full=one is first) for one in sorted(failed, key=lambda one: one is not first)]
    lines += [f"[pass] {one.behaviour} ({one.earned}/{one.points})" for one in verdict.findings if one not in failed]
    return "\n".join([*lines, verdict.coverage] if verdict.coverage else lines)


def _line(finding: Finding, *, in_full: bool) -> str:
    head = f"[FAIL] {finding.behaviour} ({finding.earned}/{finding.points})"
    text = why(finding)
    if finding.follows:
        return f"{head}: {text}"
    if in_full:
        return f"{head}: {text}" + (f" ({finding.where})" if finding.where else "")
    return f"{head}: {text if len(text) <= SHORT else text[:SHORT].rpartition(' ')[0].rstrip(' …') + ' …'}"


def why(finding: Finding) -> str:
    """Why a behaviour was lost: its sentence, or the row that says it already."""
    return f"follows from {finding.follows}." if finding.follows else finding.sentence
