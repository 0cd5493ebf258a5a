"""What a submission may try against the machine, the grader and the others. None of it works; the next one runs as if nothing had been."""

import http.server
import os
import threading
from pathlib import Path

import pytest

from autograder.execution.client import CellResult, Limits, Session, SubmissionFailed, WorkerClient
from autograder.sandbox.readable import COURSE


def value(result: CellResult) -> str:
    """A cell's last value, as text."""
    shown = result.outputs[-1]["data"]["text/plain"]
    assert isinstance(shown, str)
    return shown


def error(result: CellResult) -> str:
    """The name of the exception that a cell ended with."""
    name = result.outputs[-1]["ename"]
    assert isinstance(name, str)
    return name


# ---- reading


def test_gradebook_cannot_be_read(session: Session, tmp_path: Path) -> None:
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_text("scores")
    gradebook.chmod(0o666)
    tmp_path.chmod(0o777)
    assert error(session.run_cell(f"open({str(gradebook)!r}).read()", 10)) in ("FileNotFoundError", "PermissionError")
    assert error(session.run_cell(f"import sqlite3\nsqlite3.connect({str(gradebook)!r}).execute('select 1')", 10)) == "OperationalError"


UNREADABLE = [COURSE / name for name in ("autograder", "autograder/client.py", "solutions", "tests", "pyproject.toml")]
UNREADABLE += [Path(name) for name in ("/etc/shadow", "/var", "/home", "/run", "/sys", "/boot", "/proc/kcore", "/proc/1/root/etc/shadow")]
UNREADABLE += [Path.home() / name for name in (".bashrc", ".ssh", ".config")]


@pytest.mark.parametrize("path", UNREADABLE, ids=str)
def test_file_of_the_grader_cannot_be_read(session: Session, path: Path) -> None:
    source = f"import os\np = {str(path)!r}\nos.listdir(p) if os.path.isdir(p) else open(p).read()"
    result = session.run_cell(source, 10)
    assert result.status == "error" or value(result) == "[]"


def test_course_folder_shows_threadlab_only(session: Session) -> None:
    if COURSE.name == "site-packages":
        pytest.skip("the course is an installed package here")
    seen = value(session.run_cell(f"import os\nos.listdir({str(COURSE)!r})", 10))
    assert "threadlab" in seen
    for name in ("autograder", "solutions", "exercises", "tests", ".git"):
        assert repr(name) not in seen


def test_no_descriptor_leads_to_the_old_root(session: Session) -> None:
    source = """
import os
found = []
for fd in range(0, 256):
    try:
        found += os.listdir(f'/proc/self/fd/{fd}/../../../../../../etc')
    except OSError:
        pass
sorted(set(found) & {'shadow', 'fstab', 'sudoers'})
"""
    assert value(session.run_cell(source, 10)) == "[]"


def test_mount_tree_names_no_folder_of_the_graders(session: Session, tmp_path: Path) -> None:
    assert str(tmp_path) not in value(session.run_cell("open('/proc/self/mountinfo').read()", 10))


# ---- writing


def test_nothing_outside_can_be_written(session: Session) -> None:
    source = """
import os, sys
wrote = []
for folder in ('/', '/etc', '/usr', '/var/tmp', '/dev', '/proc', sys.prefix, os.path.dirname(os.__file__), '/scratch/..'):
    try:
        open(os.path.join(folder, 'written'), 'w').close()
    except OSError:
        continue
    wrote.append(folder)
wrote
"""
    # /dev is a file system in memory that is read-only too.
    assert value(session.run_cell(source, 10)) == "[]"


def test_python_cannot_be_changed_for_the_next(client: WorkerClient) -> None:
    with client.open() as session:
        for path in ("os.__file__", "json.__cached__", "sys.executable"):
            assert error(session.run_cell(f"import os, sys, json\nopen({path}, 'ab')", 10)) in ("PermissionError", "OSError")


def test_disk_cannot_be_filled(client: WorkerClient) -> None:
    with client.open(limits=Limits(scratch=8 * 1024**2, file_size=4 * 1024**2)) as session:
        assert error(session.run_cell("open('one', 'wb').write(b'x' * 5_000_000)", 10)) == "OSError"
        assert error(session.run_cell("for n in range(100): open(f'{n}', 'wb').write(b'x' * 1_000_000)", 10)) == "OSError"
        assert error(session.run_cell("for n in range(1_000_000): open(f'e{n}', 'wb')", 30)) == "OSError"


def test_scratch_folder_is_empty_for_the_next(client: WorkerClient) -> None:
    with client.open() as session:
        session.run_cell("import os\nfor d in ('.', '~', '/tmp', '/dev/shm'): open(os.path.expanduser(d) + '/left', 'w').write('x')", 10)
    with client.open() as session:
        # A course that itself lies below /tmp shows as an empty folder there.
        seen = session.run_cell("import os\n['left' in os.listdir(os.path.expanduser(d)) for d in ('.', '~', '/tmp', '/dev/shm')]", 10)
        assert value(seen) == "[False, False, False, False]"


# ---- network


def test_network_cannot_be_reached(session: Session) -> None:
    source = "import socket\ns = socket.socket(socket.AF_INET, socket.{kind})\ns.settimeout(2)\ns.connect(('{address}', 53))"
    for kind in ("SOCK_STREAM", "SOCK_DGRAM"):
        assert error(session.run_cell(source.format(kind=kind, address="192.0.2.1"), 10)) == "OSError"
    assert error(session.run_cell("socket.getaddrinfo('example.org', 80)", 10)) == "gaierror"


def test_loopback_of_the_grader_cannot_be_reached(session: Session) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            result = session.run_cell(f"import socket\nsocket.create_connection(('127.0.0.1', {server.server_port}), 2)", 10)
        finally:
            server.shutdown()
            thread.join()
    assert error(result) == "ConnectionRefusedError"


def test_own_server_on_loopback_works(session: Session) -> None:
    source = """
import http.server, threading, urllib.request
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'hello')
    def log_message(self, *_): pass
server = http.server.HTTPServer(('127.0.0.1', 8650), Hello)
threading.Thread(target=server.serve_forever, daemon=True).start()
urllib.request.urlopen('http://localhost:8650').read()
"""
    assert value(session.run_cell(source, 10)) == "b'hello'"


def test_two_submissions_can_have_the_same_port(client: WorkerClient) -> None:
    with client.open() as first, client.open() as second:
        for session in (first, second):
            assert session.run_cell("import socket\ns = socket.create_server(('127.0.0.1', 8650))", 10).status == "ok"


def test_abstract_socket_of_another_cannot_be_reached(session: Session) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0grader-for-the-test")
        server.listen()
        result = session.run_cell("import socket\nsocket.socket(socket.AF_UNIX).connect('\\0grader-for-the-test')", 10)
    assert error(result) in ("ConnectionRefusedError", "PermissionError")


# ---- processes


def test_grader_gets_no_signal(session: Session) -> None:
    source = f"import os, signal\nos.kill({os.getpid()}, signal.SIGKILL)"
    assert error(session.run_cell(source, 10)) == "ProcessLookupError"
    source = "import os, signal\nos.getppid()"
    assert value(session.run_cell(source, 10)) == "0"
    session.run_cell("os.kill(-1, signal.SIGKILL)", 10)  # everybody that it can see: nobody
    assert value(session.run_cell("1 + 1", 10)) == "2"


def test_processes_of_others_are_not_to_be_seen(session: Session) -> None:
    assert value(session.run_cell("import os\n[p for p in os.listdir('/proc') if p.isdigit()]", 10)) == "['1']"


def test_memory_of_the_grader_cannot_be_read(session: Session) -> None:
    source = f"import ctypes\nctypes.CDLL(None, use_errno=True).ptrace(16, {os.getpid()}, 0, 0), ctypes.get_errno() != 0 or True"
    assert value(session.run_cell(source, 10)).startswith("(-1")


def test_grandchild_that_leaves_its_group_dies_too(client: WorkerClient) -> None:
    name = f"survivor-{os.getpid()}"
    with client.open() as session:
        command = f"['sh', '-c', 'sleep 1000; true', {name!r}]"
        source = f"import subprocess, time\np = subprocess.Popen({command}, start_new_session=True)\ntime.sleep(0.2)\np.poll()"
        assert session.run_cell(source, 10).outputs == []
        assert running(name)
    assert not running(name)


def running(word: str) -> list[str]:
    """Processes with this word among their arguments, zombies left out."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"\0{word}\0".encode() in Path("/proc", pid, "cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_fork_bomb_is_ended(client: WorkerClient) -> None:
    with client.open() as session:
        assert session.run_cell("import os\nwhile True: os.fork()", 2).status in ("error", "timeout")
    with client.open() as session:
        assert value(session.run_cell("1 + 1", 30)) == "2"
        assert value(session.run_cell("import subprocess\nsubprocess.run(['true']).returncode", 30)) == "0"


def test_thread_bomb_is_ended(client: WorkerClient) -> None:
    with client.open() as session:
        source = "import threading, time\nfor _ in range(10_000): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"
        assert error(session.run_cell(source, 30)) == "RuntimeError"


@pytest.mark.slow
def test_memory_bomb_is_ended(client: WorkerClient) -> None:
    with client.open(limits=Limits(memory=2**30)) as session:
        assert error(session.run_cell("x = []\nwhile True: x.append(bytearray(2**24))", 60)) == "MemoryError"


@pytest.mark.slow
def test_memory_bomb_of_many_processes_is_ended(client: WorkerClient) -> None:
    source = """
import os, time
for _ in range(16):
    if not os.fork():
        x = os.urandom(1) * 100_000_000
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""
    with client.open(limits=Limits(memory_together=2**30)) as session, pytest.raises(SubmissionFailed, match="used up its memory"):
        session.run_cell(source, 50)


def test_processor_time_is_limited(client: WorkerClient) -> None:
    with client.open(limits=Limits(cpu=2)) as session, pytest.raises(SubmissionFailed, match="processor time"):
        session.run_cell("while True: pass", 30)


def test_descriptors_are_limited(session: Session) -> None:
    assert error(session.run_cell("kept = [open('/dev/null') for _ in range(100_000)]", 10)) == "OSError"


# ---- rights


def test_rights_cannot_be_won_back(session: Session) -> None:
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
[libc.unshare(0x10000000), libc.unshare(0x00020000), libc.mount(b'tmpfs', b'/scratch/work', b'tmpfs', 0, None), libc.chroot(b'/scratch'),
 libc.umount2(b'/proc', 2), libc.umount2(b'/scratch', 2), libc.setuid(0), libc.sethostname(b'x', 1)]
"""
    assert value(session.run_cell(source, 10)) == "[-1, -1, -1, -1, -1, -1, -1, -1]"
    status = value(session.run_cell("open('/proc/self/status').read()", 10))
    assert "CapEff:\\t0000000000000000" in status
    assert "NoNewPrivs:\\t1" in status


def test_set_user_id_program_gains_nothing(session: Session) -> None:
    assert value(session.run_cell("import subprocess\nsubprocess.run(['su', '-c', 'id -u'], capture_output=True).stdout", 10)) == "b''"


def test_limits_cannot_be_raised(session: Session) -> None:
    assert error(session.run_cell("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", 10)) == "ValueError"


def test_kernel_settings_cannot_be_changed(session: Session) -> None:
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/user/max_user_namespaces", "/proc/sysrq-trigger", "/proc/self/uid_map"):
        assert error(session.run_cell(f"open({path!r}, 'w').write('1')", 10)) in ("PermissionError", "OSError", "FileNotFoundError")


def test_system_settings_are_made_up(session: Session) -> None:
    assert (
        value(session.run_cell("import getpass, os, socket\ngetpass.getuser(), os.getuid(), socket.gethostname()", 10))
        == "('student', 1000, 'sandbox')"
    )


# ---- what honest submissions need


def test_honest_work_is_not_disturbed(session: Session) -> None:
    needs = {
        "subprocess": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import openai, threadlab'], check=True)",
        "temporary_file": "import tempfile\ntempfile.TemporaryFile().close()",
        "multiprocessing": "import multiprocessing\nmultiprocessing.Lock(), multiprocessing.Queue()",
        "spawned_pool": "from concurrent.futures import ProcessPoolExecutor as Pool\nwith Pool(2) as p: print(list(p.map(abs, [-1])))",
        "threads": "from concurrent.futures import ThreadPoolExecutor as Pool\nwith Pool(64) as p: print(len(list(p.map(abs, range(99)))))",
        "time_zone": "import datetime, zoneinfo\ndatetime.datetime.now(zoneinfo.ZoneInfo('Europe/Paris'))",
        "openai": "import openai\nopenai.OpenAI(api_key='x').beta.threads",
        "home": "from pathlib import Path\n(Path.home() / '.cache').mkdir()",
        "terminal": "import pty\npty.openpty()",
        "sqlite": "import sqlite3\nsqlite3.connect('x.db').execute('create table t (a)')",
        "executable": "import os\nopen('s', 'w').write('#!/bin/sh\\necho ran'); os.chmod('s', 0o755); os.popen('./s').read()",
    }
    for name, source in needs.items():
        result = session.run_cell(source, 60)
        assert result.status == "ok", (name, result.outputs)
