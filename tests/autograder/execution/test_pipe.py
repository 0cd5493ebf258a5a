"""The submission's end of the pipe is in its own hands: whatever it writes there, the grader goes on, and says so in a sentence."""

import os

import pytest

from autograder.execution.client import Failure, Session, SubmissionFailed, WorkerClient

PREPARE = """
import os, stat, struct, sys, msgspec
PIPE = next(fd for fd in range(3, 100) if os.path.exists(f'/proc/self/fd/{fd}') and stat.S_ISSOCK(os.fstat(fd).st_mode))
def frame(data, size=None):
    return struct.pack('>I', len(data) if size is None else size) + data
def send(data):
    while data:
        data = data[os.write(PIPE, data):]
def message(**fields):
    return frame(msgspec.msgpack.encode(fields))
"""

FORGERIES = {
    "noise": ("send(os.urandom(4096))", "pipe|more than"),
    "empty_frame": ("send(frame(b''))", "pipe"),
    "not_msgpack": ("send(frame(b'\\xc1'))", "pipe"),
    "json": ('send(frame(b\'{"type": "cell"}\'))', "pipe"),
    "pickle": ("import pickle\nsend(frame(pickle.dumps(print)))", "pipe"),
    "unknown_message": ("send(message(type='points', value=99))", "pipe"),
    "message_of_the_grader": ("send(message(type='run', number=1, source=''))", "pipe"),
    "wrong_types": ("send(message(type='cell', number='1', status=1, execution_count=[], outputs={}, updates=0))", "pipe"),
    "unknown_output": (
        "send(message(type='cell', number=2, status='ok', execution_count=2, updates=[], outputs=[{'output_type': 'score'}]))",
        "pipe",
    ),
    "wrong_cell": ("send(message(type='cell', number=99, status='ok', execution_count=2, updates=[], outputs=[]))", "pipe"),
    "ready_again": ("send(message(type='ready'))", "pipe"),
    "trial_that_nobody_asked_for": ("send(message(type='end', number=2, result=b'full marks'))", "pipe"),
    "exchange_that_nobody_asked_for": ("send(message(type='exchange', number=2, data=b'x'))", "pipe"),
    "giant_frame": ("send(frame(b'', 2**32 - 1))", "more than"),
    "just_too_large": ("send(frame(b'', 32 * 1024**2 + 1))", "more than"),
    "deep_nesting": (
        "head = msgspec.msgpack.encode({'type': 'cell', 'number': 2, 'status': 'ok', 'execution_count': 2, 'updates': []})\n"
        "out = b'\\xa7outputs\\x91\\x83\\xabexecute_result' + b'\\x81\\xa1a' * 200000\n"
        "send(frame(b'\\x86' + head[1:] + out))",
        "pipe",
    ),
    "bad_utf8": ("send(frame(b'\\x81\\xa4type\\xa4\\xff\\xff\\xff\\xff'))", "pipe"),
    "half_a_frame": ("send(frame(b'', 100))", "pipe|could not be interrupted"),
    "closed": ("os.close(PIPE)", "ended its own process"),
    "shut_down": ("import socket\nsocket.socket(fileno=os.dup(PIPE)).shutdown(socket.SHUT_RDWR)", "ended its own process"),
}


def run_both(session: Session, *sources: str) -> None:
    for source in sources:
        session.run_cell(source, 1)


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_message_fails_the_submission_only(client: WorkerClient, name: str) -> None:
    source, sentence = FORGERIES[name]
    with client.open() as session:
        assert session.run_cell(PREPARE, 10).status == "ok"
        with pytest.raises(SubmissionFailed, match=sentence):
            run_both(session, source, "1")
        assert session.failure
    with client.open() as other:
        assert other.run_cell("1 + 1", 10).status == "ok"


def test_result_sent_twice_ends_the_session(client: WorkerClient) -> None:
    with client.open() as session:
        session.run_cell(PREPARE, 10)
        forged = "send(message(type='cell', number=2, status='ok', execution_count=2, updates=[], outputs=[]))"
        assert session.run_cell(forged, 10).outputs == []  # what it shows is its own affair
        with pytest.raises(SubmissionFailed, match="wrote to the grader's pipe"):
            session.run_cell("1", 10)


def test_endless_writing_to_the_pipe_is_ended(client: WorkerClient) -> None:
    with client.open() as session:
        session.run_cell(PREPARE, 10)
        with pytest.raises(SubmissionFailed):
            session.run_cell("while True: send(frame(b'x' * 1000))", 5)


@pytest.mark.slow
def test_submission_that_does_not_read_is_ended(client: WorkerClient) -> None:
    """A trial's answers are sent to a guest that never reads them."""
    with client.open() as session:
        session.run_cell(PREPARE, 10)
        session.run_cell(
            "import types, threadlab.trials.guest\n"
            "def serve(spec, namespace, exchange):\n"
            "    while True: send(message(type='exchange', number=3, data=b'x'))\n"
            "threadlab.trials.guest.serve = serve",
            10,
        )
        result = session.trial(b"", lambda said: b"y" * 1_000_000, timeout=1)
    assert isinstance(result, Failure)
    assert result.kind in ("timeout", "forged")


# ---- trials


def guest(session: Session, body: str) -> None:
    """Put a guest of our own into the submission's process."""
    source = "import sys, types\nm = types.ModuleType('threadlab.trials.guest')\ndef serve(spec, namespace, exchange):\n"
    source += "".join(f"    {line}\n" for line in body.splitlines()) + "m.serve = serve\nsys.modules['threadlab.trials.guest'] = m"
    assert session.run_cell(source, 10).status == "ok"


def test_guest_talks_to_the_host(session: Session) -> None:
    guest(session, "total = 0\nfor n in range(100): total += int(exchange(b'%d' % n))\nreturn b'%d %s %d' % (total, spec, namespace['x'])")
    session.run_cell("x = 7", 10)
    heard: list[bytes] = []

    def host(said: bytes) -> bytes:
        heard.append(said)
        return said

    assert session.trial(b"spec", host, timeout=10) == b"4950 spec 7"
    assert heard == [b"%d" % n for n in range(100)]


def test_trials_and_cells_take_turns(session: Session) -> None:
    guest(session, "return exchange(spec)")
    for n in range(3):
        assert session.trial(b"%d" % n, lambda said: said * 2, timeout=10) == b"%d%d" % (n, n)
        assert session.run_cell("1", 10).status == "ok"


def test_no_loop_runs_during_a_trial(session: Session) -> None:
    guest(session, "import asyncio\nreturn asyncio.run(asyncio.sleep(0, b'ran'))")
    assert session.trial(b"", lambda said: said, timeout=10) == b"ran"


def test_large_messages_pass(session: Session) -> None:
    guest(session, "return b'%d' % len(exchange(b'x' * 30_000_000))")
    assert session.trial(b"", lambda said: said[:25_000_000], timeout=30) == b"25000000"


NOTES = """
import ctypes, glob, os, pathlib, tempfile
libc = ctypes.CDLL(None)
places = [pathlib.Path(one) for one in (".", "..", os.path.expanduser("~"), tempfile.gettempdir(), "/tmp", "/dev/shm")]
found = [str(path) for place in places for path in place.glob("note*")] + [one for one in ("n1", "n2") if hasattr(os, one)]
found += [str(path) for path in pathlib.Path("data").glob("note*")]
for place in [*places, pathlib.Path("data")]:
    try:
        (place / "note").write_text("thread_123")
        (place / "note-link").symlink_to("thread_123")
        (place / "note-folder").mkdir()
    except OSError:
        pass
os.n1 = os.n2 = "thread_123"
os.environ["NOTE"] = os.environ.get("NOTE", "") + "x"
if len(os.environ["NOTE"]) > 1:
    found.append("environment")
if libc.msgget(77, 0o666) != -1 or libc.semget(77, 1, 0o666) != -1 or libc.shmget(77, 100, 0o666) != -1:
    found.append("System V")
libc.msgget(77, 0o1666), libc.semget(77, 1, 0o1666), libc.shmget(77, 100, 0o1666)
number = {"x86_64": 240, "aarch64": 180}[os.uname().machine]
if libc.syscall(number, b"note", os.O_RDWR, 0o600, None) != -1:
    found.append("POSIX queue")
libc.syscall(number, b"note", os.O_RDWR | os.O_CREAT, 0o600, None)
return repr(found).encode()
"""


def test_trial_finds_no_note_of_the_one_before(session: Session) -> None:
    session.run_cell("import os, pathlib\npathlib.Path('data').mkdir()\npathlib.Path('data/mine.txt').write_text('stays')", 10)
    guest(session, NOTES)
    for _ in range(3):
        assert session.trial(b"", lambda said: said, timeout=10) == b"[]"
    kept = session.run_cell("print(pathlib.Path('data/mine.txt').read_text(), os.listdir('data'))", 10)
    assert kept.outputs[0].text == "stays ['mine.txt']\n"


SHARED = """
import mmap, os, signal, socket, tempfile, threading
mapped, file, ends = mmap.mmap(-1, 4096), tempfile.TemporaryFile(), os.pipe()
os.set_blocking(ends[0], False)
heard, kept = [], [b'']
signal.signal(signal.SIGUSR1, lambda *_: heard.append('signal'))
door = socket.socket(socket.AF_UNIX)
door.bind(b'\\0notes')
door.listen(9)
def serve():
    while True:
        other, _ = door.accept()
        note = other.recv(100)
        other.sendall(kept[0] or b'-')
        kept[0] = note
        other.close()
threading.Thread(target=serve, daemon=True).start()
"""
LOOKS = """
import os, resource, signal, socket, time
mapped, file, ends, heard = (namespace[name] for name in ('mapped', 'file', 'ends', 'heard'))
found = list(heard)
if mapped[:4] == b'note':
    found.append('mapping')
mapped[:4] = b'note'
try:
    file.seek(0)
    if file.read() == b'note':
        found.append('unlinked file')
    file.seek(0)
    file.write(b'note')
    file.flush()
except OSError:
    pass
try:
    if os.read(ends[0], 4) == b'note':
        found.append('pipe')
except OSError:
    pass
try:
    os.write(ends[1], b'note')
except OSError:
    pass
try:
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.settimeout(2)
        visitor.connect(b'\\0notes')
        visitor.sendall(b'note')
        if visitor.recv(100) == b'note':
            found.append('thread')
except OSError:
    pass
parent = os.getppid()
if resource.getrlimit(resource.RLIMIT_CORE)[0] != resource.getrlimit(resource.RLIMIT_CORE)[1]:
    found.append('limit')
for act in (
    lambda: parent == 1 and os.kill(parent, signal.SIGUSR1),
    lambda: resource.prlimit(parent, resource.RLIMIT_CORE, (0, resource.prlimit(parent, resource.RLIMIT_CORE)[1])),
    lambda: os.sched_setaffinity(parent, {0}),
    lambda: os.setpriority(os.PRIO_PROCESS, parent, 7),
    lambda: os.setpriority(os.PRIO_USER, 0, 7),
):
    try:
        act()
        if act.__code__.co_names[0] == 'os' and 'kill' not in act.__code__.co_names:
            found.append(str(act.__code__.co_names))
    except OSError:
        pass
time.sleep(0.05)
return repr(found).encode()
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [True, False])
def test_copy_for_a_trial_shares_nothing_with_the_next(session: Session, threads: bool) -> None:
    assert (
        session.run_cell(SHARED if threads else SHARED.replace("threading.Thread(target=serve, daemon=True).start()", ""), 10).status
        == "ok"
    )
    guest(session, LOOKS)
    for _ in range(3):
        assert session.trial(b"", lambda said: said, timeout=10) == b"[]"


def test_later_life_of_a_program_is_another_process(session: Session) -> None:
    session.run_cell("import gc, os\nx = []", 10)
    guest(session, "namespace['x'].append(1)\nreturn b'%d %d' % (len(namespace['x']), os.getpid())\n".replace("os.", "namespace['os']."))
    session.run_cell(  # as an attack would have it: no copies
        "for one in gc.get_objects():\n    if type(one).__name__ == 'Child':\n"
        "        one._run_trial = lambda frame, one=one: one._send(one._serve(frame))",
        10,
    )
    first = [session.trial(b"", lambda said: said, timeout=10) for _ in range(2)]
    assert [one.split()[0] for one in first if isinstance(one, bytes)] == [b"1", b"2"]
    later = session.life(2).trial(b"", lambda said: said, timeout=10)
    assert isinstance(later, bytes)
    assert later.split()[0] == b"1"
    assert session.life(2) is session.life(2)


FAILURES = {
    "endless": ("while True: pass", "trial", "computed for 1 seconds"),
    "endless_exchange": ("while True: exchange(b'')", "trial", "computed for 1 seconds"),
    "raises": ("raise ValueError('no idea')", "trial", "stopped with ValueError: no idea"),
    "exits": ("import os\nos._exit(5)", "trial", "exit code 5"),
    "system_exit": ("raise SystemExit", "trial", "stopped with SystemExit"),
    "returns_nonsense": ("return object()", "trial", "returned object"),
    "too_large": ("exchange(b'x' * 40_000_000)", "trial", "longer than"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_trial_that_fails_says_how(session: Session, name: str) -> None:
    body, kind, sentence = FAILURES[name]
    guest(session, body)
    result = session.trial(b"", lambda said: said, timeout=1)
    assert isinstance(result, Failure)
    assert result.kind == kind
    assert any(part in result.sentence for part in sentence.split("|"))


def test_host_that_raises_ends_the_session(session: Session) -> None:
    guest(session, "exchange(b'')")

    def host(said: bytes) -> bytes:
        raise LookupError("the host's own mistake")

    with pytest.raises(LookupError):
        session.trial(b"", host, timeout=10)
    with pytest.raises(SubmissionFailed, match="closed"):
        session.run_cell("1", 10)


def test_no_descriptor_of_the_grader_leaks(tmp_path: os.PathLike[str]) -> None:
    with open(os.path.join(tmp_path, "gradebook.db"), "w+") as gradebook, WorkerClient(trust=True) as client, client.open() as session:
        os.set_inheritable(gradebook.fileno(), True)
        shown = session.run_cell("import os\n[os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd') if int(fd) > 2]", 10)
    text = str(shown.outputs)
    assert text.count("socket:") <= 3  # the pipe, and the two that the event loop wakes itself with
    assert "gradebook" not in text
