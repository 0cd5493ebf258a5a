"""What is done once in the warm process so that no submission has to: imports, and whatever libraries do at their first use."""

import gc
import importlib
import sys
import types
import warnings
from typing import Any

from pygments.lexer import RegexLexerMeta  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

from autograder.execution.capture import OutputLog
from autograder.execution.frames import Limits
from autograder.execution.shell import WorkerShell, make_shell

PRELOADED = (
    "concurrent.futures",
    "msgspec",
    "openai.resources.beta.threads.threads",
    "openai.resources.chat.completions",
    "openai.resources.models",
    "openai.resources.responses",
    "pexpect",
    "sqlalchemy.orm",
    "sqlite3",
    "threadlab.guest.run",
)
"""Imported here instead of in each submission. One that is missing is left to fail where it is used. None of them may start a thread."""

REHEARSAL = (
    "%who_ls\n[1, 'two']",
    "def fail():\n    return 1 / 0\nfail()",
    """
import httpx2, openai
def refuse(request):
    raise httpx2.ConnectError("refused")
openai.OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(refuse))).beta.threads.create()
""",
)
"""Cells that are run once and forgotten: a first value, a first traceback and a first request take ten times as long as a second."""


def warm_up() -> WorkerShell:
    """The shell that every child starts with. What is in memory afterwards is out of the garbage collector's sight.

    It would look through it again and again while it grows, which takes as long as a third of the imports, and later in each child, whose
    memory would stop being shared for it.
    """
    gc.disable()
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if not name.startswith(str(missing.name)):
                raise
    stand_in_for_checks()
    shell = make_shell()
    reuse_lexers()
    rehearse(shell)
    gc.freeze()
    gc.enable()
    return shell


def stand_in_for_checks() -> None:
    """Let `from autograder import check` work, with nothing behind it: the grader does the checking, elsewhere."""

    def left_to_the_grader(*_: object, **__: object) -> None:
        """Does nothing while a submission is graded."""

    stand_in = types.ModuleType("autograder.learn", "Stands in for the checks.")
    vars(stand_in).update(check=left_to_the_grader, hint=left_to_the_grader)
    sys.modules["autograder.learn"] = stand_in


def rehearse(shell: WorkerShell) -> None:
    """Run REHEARSAL and forget all about it."""
    shell.attach(OutputLog(Limits(), streams={}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source in REHEARSAL:
            shell.run_cell(source, store_history=False)  # type: ignore[no-untyped-call]
    gc.freeze()  # the shell collects when it is reset
    shell.reset(new_session=True)  # type: ignore[no-untyped-call]
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def reuse_lexers() -> None:
    """Let a lexer that adds no rules use its parent's. For each frame of a traceback stack_data makes a class, and for each class pygments
    works out all rules again: half the time of a long traceback.
    """
    PythonLexer()
    work_out = RegexLexerMeta.process_tokendef

    def process_tokendef(cls: Any, name: str, tokendefs: Any = None) -> Any:
        parent = cls.__mro__[1]
        if name == "" and "tokens" not in vars(cls) and "_tokens" in vars(parent):
            cls._all_tokens = parent._all_tokens
            return parent._tokens
        return work_out(cls, name, tokendefs)

    RegexLexerMeta.process_tokendef = process_tokendef
