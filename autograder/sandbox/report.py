"""Which protections hold on this machine, and what a teacher is told about those that do not."""

from typing import Literal

import msgspec

Protection = Literal["network", "reading", "writing", "processes", "signals", "limits"]

PROTECTIONS: dict[Protection, str] = {
    "network": "no network but its own loopback",
    "reading": "no reading of the gradebook, solutions, checks, other submissions or home folders",
    "writing": "no writing outside its scratch folder",
    "processes": "whatever it starts ends with it",
    "signals": "no signals to, and no look into, other processes",
    "limits": "limited memory, processor time, processes and file size",
}
"""What a submission is held to. All of them must hold, or the teacher has to say that the submissions are trusted."""


class Report(msgspec.Struct, frozen=True):
    """What was found by trying each thing in a locked-down process."""

    missing: dict[Protection, str]
    """The protections that do not hold, each with the reason."""

    @property
    def complete(self) -> bool:
        """Whether every protection holds."""
        return not self.missing

    @property
    def held(self) -> list[Protection]:
        """The protections that hold."""
        return [name for name in PROTECTIONS if name not in self.missing]

    def sentence(self) -> str:
        """One or two sentences for a person."""
        if self.complete:
            return "Submissions run in a full sandbox."
        reasons = "; ".join(f"{PROTECTIONS[name]} ({reason})" for name, reason in self.missing.items())
        return f"This machine does not hold submissions to: {reasons}."


class SandboxUnavailable(Exception):
    """Submissions would run with less protection than they need. The text is a sentence for the teacher."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.sentence()} To grade all the same, say that you trust the submissions: --trust-submissions.")
        self.report = report
