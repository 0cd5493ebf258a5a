"""What locks a child down, `Base.confine`, put together from the pieces. A piece that is missing is reported, not fatal."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from autograder.sandbox.limits import Limits
from autograder.sandbox.report import PROTECTIONS, Report

if sys.platform == "linux":
    from autograder.sandbox import kernel, landlock, limits, namespaces, seccomp, tree
    from autograder.sandbox.readable import readable

_DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]


class Base:
    """What the warm process knows about locking its children down. This one has no means to, as on macOS and Windows."""

    def __init__(self, reason: str) -> None:
        self.report = Report(dict.fromkeys(PROTECTIONS, reason))
        self._folder = Path(tempfile.mkdtemp(prefix="submissions-"))

    def before_copy(self) -> None:
        """Called before the warm process forks a copy of itself. Raises OSError."""

    def in_copy(self) -> None:
        """Called in the copy."""

    def before_fork(self) -> None:
        """Called before each fork. Raises OSError."""

    def confine(self, wanted: Limits) -> Path:
        """Called in the child. Returns its working directory. Raises OSError."""
        scratch = self._folder / str(os.getpid())
        for name in ("work", "home", "tmp"):
            (scratch / name).mkdir(parents=True)
        move_in(scratch)
        return scratch / "work"

    def after_end(self, pid: int) -> None:
        """Called after the child has gone."""
        shutil.rmtree(self._folder / str(pid), ignore_errors=True)

    def leave(self) -> None:
        """Called when there will be no more children."""
        shutil.rmtree(self._folder, ignore_errors=True)


def move_in(scratch: Path) -> None:
    """Make the scratch folder home to whatever asks the environment."""
    os.environ.update(HOME=str(scratch / "home"), TMPDIR=str(scratch / "tmp"))
    tempfile.tempdir = None


if sys.platform == "linux":

    class Namespaced(Base):
        """With namespaces, and Landlock on top where the kernel has it."""

        def __init__(self) -> None:
            self.report = Report({})
            self._namespaces = namespaces.ChildNamespaces()
            move_in(Path(tree.SCRATCH))

        def before_copy(self) -> None:
            """The copy is in this process's own namespace, and ends with it."""
            self._namespaces.before_copy()

        def before_fork(self) -> None:
            """The next child is the first of its own process namespace."""
            self._namespaces.before_fork()

        def confine(self, wanted: Limits) -> Path:
            """Nothing of this can be taken back by the submission."""
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            self._namespaces.in_child(wanted.scratch)
            limits.first_to_go()
            os.setsid()
            limits.apply(wanted)
            kernel.drop_capabilities()
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            if _has_landlock():
                landlock.restrict(read=["/"], write=[tree.SCRATCH, "/dev"])
            seccomp.restrict()
            move_in(Path(tree.SCRATCH))
            return Path(tree.SCRATCH, "work")

        def after_end(self, pid: int) -> None:
            """The kernel has cleared up."""

        def leave(self) -> None:
            """The kernel clears up."""

    class Restricted(Base):
        """Without namespaces: Landlock where the kernel has it, limits, and a hunt for what a submission leaves running."""

        def __init__(self, reason: str) -> None:
            super().__init__(reason)
            self._readable = readable()
            self.in_copy()

        def in_copy(self) -> None:
            """Whatever its children leave running becomes its own child."""
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)

        def confine(self, wanted: Limits) -> Path:
            """What can be had without namespaces."""
            work = super().confine(wanted)
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            limits.first_to_go()
            os.setsid()
            limits.apply(wanted)
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            if _has_landlock():
                settings = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/proc"]
                landlock.restrict(read=self._readable + settings, write=[str(work.parent), *_DEVICES, "/dev/ptmx", "/dev/pts", "/dev/shm"])
            seccomp.restrict()
            return work

        def after_end(self, pid: int) -> None:
            """What left its group has become a child of this process. Kill until none is left."""
            me = os.getpid()
            children = Path(f"/proc/{me}/task/{me}/children")
            while children.exists() and (left := children.read_text().split()):
                for orphan in left:
                    os.kill(int(orphan), signal.SIGKILL)
                    os.waitpid(int(orphan), 0)
            super().after_end(pid)


def _has_landlock() -> bool:
    try:
        return landlock.version() >= 1
    except OSError:
        return False


def close_others(keep: int) -> None:
    """Close every descriptor but the standard three and `keep`."""
    os.closerange(3, keep)
    os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))
