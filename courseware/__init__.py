"""What belongs to this course and not to the Threads service: its catalogue, predictions, progress and tables.

A notebook imports from here: `from courseware import predict, reveal`, `from courseware import Turn, open_database`. Importing the package
costs next to nothing: what is behind each name is imported when the name is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from courseware.predicting import predict, reveal
    from courseware.programs import Backend, Finished, kill_after, kill_when, run_program
    from courseware.progress_widget import Progress
    from courseware.quiz_widget import Answers, Quiz
    from courseware.tables import (
        DB,
        ArchivedMessage,
        AuditItem,
        AuditLine,
        Base,
        Conversation,
        KeptThread,
        Migration,
        Report,
        Ticket,
        TicketAudit,
        Turn,
        open_database,
    )
    from courseware.taught import (
        UNDER_WAY,
        answer_of,
        async_answer_of,
        is_definite,
        is_thread_gone,
        pause_after,
        run_of,
        stored_message,
        text_of,
        until_free,
    )

_HOMES = {
    "predicting": ("predict", "reveal"),
    "programs": ("Backend", "Finished", "kill_after", "kill_when", "run_program"),
    "progress_widget": ("Progress",),
    "quiz_widget": ("Answers", "Quiz"),
    "tables": (
        "DB",
        "ArchivedMessage",
        "AuditItem",
        "AuditLine",
        "Base",
        "Conversation",
        "KeptThread",
        "Migration",
        "Report",
        "Ticket",
        "TicketAudit",
        "Turn",
        "open_database",
    ),
    "taught": (
        "UNDER_WAY",
        "answer_of",
        "async_answer_of",
        "is_definite",
        "is_thread_gone",
        "pause_after",
        "run_of",
        "stored_message",
        "text_of",
        "until_free",
    ),
}

__all__ = [
    "DB",
    "UNDER_WAY",
    "Answers",
    "ArchivedMessage",
    "AuditItem",
    "AuditLine",
    "Backend",
    "Base",
    "Conversation",
    "Finished",
    "KeptThread",
    "Migration",
    "Progress",
    "Quiz",
    "Report",
    "Ticket",
    "TicketAudit",
    "Turn",
    "answer_of",
    "async_answer_of",
    "is_definite",
    "is_thread_gone",
    "kill_after",
    "kill_when",
    "open_database",
    "pause_after",
    "predict",
    "reveal",
    "run_of",
    "run_program",
    "stored_message",
    "text_of",
    "until_free",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"courseware.{module}"), name)
            return value
    raise AttributeError(f"module 'courseware' has no attribute {name!r}")
