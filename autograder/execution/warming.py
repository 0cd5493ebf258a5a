"""What is done once in the warm process so that no submission has to: imports, and whatever libraries do at their first use."""

import ctypes
import gc
import importlib
import sys
import types
import warnings
from collections.abc import Collection, Iterable
from typing import Any

from pygments.lexer import RegexLexerMeta  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

from autograder.execution.capture import OutputLog
from autograder.execution.rehearsal import rehearse_replies
from autograder.execution.shell import WorkerShell, make_shell
from autograder.sandbox.limits import Limits
from autograder.sandbox.memory_map import regions

HARMLESS = frozenset({"httpx", "msgspec", "openai", "pydantic", "rich", "sqlalchemy", "stamina", "tenacity"})
"""Packages that start no thread and open nothing when they are imported: those of them that an assignment imports are there already."""

PRELOADED = (
    "concurrent.futures",
    "courseware.tables",
    "courseware.taught",
    "encodings.idna",
    "msgspec",
    "openai.resources.beta.threads.threads",
    "openai.resources.chat.completions",
    "openai.resources.models",
    "openai.resources.responses",
    "pexpect",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.orm",
    "sqlite3",
    "threadlab.extension",
    "threadlab.service.in_process",
    "threadlab.trials.explore",
    "threadlab.trials.database",
    "threadlab.trials.guest.ambient",
    "threadlab.trials.guest.apart",
    "threadlab.trials.guest.database",
    "threadlab.trials.guest.run",
    "threadlab.trials.trial",
)
"""The same for an exercise of this course, whose trials use more than its notebook imports. One that is missing is left to fail where it is
used.
"""

REHEARSAL = ("%who_ls\n[1, 'two']", "def fail():\n    return 1 / 0\nfail()")
"""Cells that are run once and forgotten: a first value, a first traceback and a first request take ten times as long as a second."""

FIRST_REQUEST = """
import httpx2, openai
def refuse(request):
    raise httpx2.ConnectError("refused")
openai.OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(refuse))).beta.threads.create()
"""
"""One more, for an exercise of this course."""


def warm_up(imports: Collection[str] | None = None) -> WorkerShell:
    """The shell that every child starts with. `imports` is what an assignment's notebook imports; None: it is an exercise of this course.

    The less is in memory, the less a fork costs. What is there afterwards is out of the garbage collector's sight: it would look through
    it again and again while it grows, which takes a third as long as the imports, and once more in each child, whose memory would stop
    being shared for it.
    """
    gc.disable()
    for name in PRELOADED if imports is None else sorted(HARMLESS & set(imports)):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if not name.startswith(str(missing.name)):
                raise
    stand_in_for_checks()
    shell = make_shell()
    reuse_lexers()
    rehearse(shell, REHEARSAL if imports is not None else (*REHEARSAL, FIRST_REQUEST))
    if imports is None:
        rehearse_replies()
    gc.freeze()
    gc.enable()
    return shell


def stand_in_for_checks() -> None:
    """Let `from autograder import check` work, with nothing behind it: the grader does the checking, elsewhere."""

    def left_to_the_grader(*_: object, **__: object) -> None:
        """Does nothing while a submission is graded."""

    stand_in = types.ModuleType("autograder.learner.check", "Stands in for the checks.")
    vars(stand_in).update(check=left_to_the_grader, hint=left_to_the_grader)
    package = types.ModuleType("autograder.learner")
    vars(package).update(__path__=[], check=stand_in)
    sys.modules |= {"autograder.learner": package, "autograder.learner.check": stand_in}


def rehearse(shell: WorkerShell, cells: Iterable[str] = REHEARSAL) -> None:
    """Run some cells and forget all about them."""
    shell.attach(OutputLog(Limits(), streams={}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source in cells:
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


_LARGE = 2 << 20
"""Bytes of a large page, on x86-64 and on arm64 with pages of 4 KiB. The file that tells them is out of sight for a process that runs
submissions."""
_COLLAPSE = 25
"""madvise(2): MADV_COLLAPSE, Linux 6.1 and later."""


def gather() -> int:
    """Move this process's own memory into large pages, where the system can; returns how many there are now. Nothing else changes.

    A fork copies the page tables, and the end of a copy takes them down again: for the warm process 46,000 entries of 4 KiB each, or 90 of
    2 MiB. A trial in a copy takes some milliseconds of its own, so that this was much of its cost.
    """
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None)
    return sum(
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(_LARGE), _COLLAPSE) == 0
        for one in regions()
        if one.mode == "rw-p" and one.path != "[stack]" and not one.path.startswith("/")
        for start in range(-(-one.start // _LARGE) * _LARGE, one.end - _LARGE + 1, _LARGE)
    )
