#!/usr/bin/env python3
"""The one door to the course: `python3 course.py lab`. Needs Python 3.11 and nothing else.

It sees to it that `.venv` has what the verb needs, says what it is doing when that takes time, and hands over to the Python in there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setup_tools.install import download, set_up
from setup_tools.project import WINDOWS, Project, SetupError, say

ROOT = Path(__file__).resolve().parent

OWN = {
    "lab": "open JupyterLab on the first lesson     [--no-browser] [--port N] [--wheels DIR]",
    "quick": "the two-second check: ruff and the import contracts",
    "test": "run the tests                           [--quick] [whatever pytest takes]",
    "setup": "only install, the tests' packages too   [--repair] [--wheels DIR]",
    "doctor": "say what is wrong with the installation, and how to mend it",
    "browser": "build the course as a folder that runs in a browser tab   DIR",
    "workshop": "teach in a room: a server, a live board   [--listen ADDRESS] [--edition DIR]",
    "hub": "run a JupyterHub for a class          [--listen ADDRESS] [--grade-on-submission]",
    "site": "build the course as a site to read   DIR [--browser]",
    "wheels": "download every package, for a room without a network   DIR",
}
# Verbs that an installed package carries out: `course.py serve …` is `python -m threadlab serve …`.
PASSED_ON = {
    "autograder": {
        "check": "check your own answer to an exercise",
        "watch": "check it whenever you save it",
        "certificate": "make a page of what you have passed   --name NAME; or verify one",
        "collect": "take submissions from an LMS's zip   FILE_OR_FOLDER",
        "grade": "grade a class with nbgrader",
        "gradebook": "write the scores for Canvas, Moodle, Blackboard, ILIAS   SYSTEM",
        "report": "say what a class found hard: a page, Canvas, Moodle, JSON",
        "forget": "remove all that is kept of one student   STUDENT",
        "replay": "show again where a submission lost its points   EXERCISE STUDENT",
        "release": "make the learners' copy of the course   DIR",
        "new-exercise": "lay down a new exercise that works   SLUG --lesson NN",
        "blank": "make an exercise's notebook from its solution   EXERCISE",
        "corpus": "grade the known right and wrong answers",
        "mutate": "put small mistakes into right answers: do the checks notice?",
    },
    "threadlab": {
        "serve": "run the Threads service over HTTP on this computer",
        "stop": "stop the service that notebooks have started",
        "status": "say whether the service runs, and where",
        "scan": "find calls of the Assistants API in code   PATH",
        "drift": "compare a recorded endpoint with this service   RECORDING",
        "export": "write a thread to a file   THREAD",
        "import": "bring an exported thread into a conversation   FILE",
        "parity": "compare old code with new, scene by scene   OLD NEW",
    },
}


def main(arguments: list[str], root: Path = ROOT) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this with an older Python should read a sentence
        return too_old()
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print(listing())
        return 0
    try:
        if verb in OWN:
            own = {
                "lab": lab,
                "quick": quick,
                "test": test,
                "setup": setup,
                "doctor": doctor,
                "browser": browser,
                "workshop": workshop,
                "hub": hub,
                "site": site,
                "wheels": wheels,
            }
            return own[verb](Project(root), rest)
        for package, verbs in PASSED_ON.items():
            if verb in verbs:
                return pass_on(Project(root), package, arguments)
        return unknown(verb)
    except SetupError as error:
        print(error, file=sys.stderr)
        return error.code
    except BrokenPipeError:  # whoever read what is printed here has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"This could not be done: {error}. To find out why: python3 course.py doctor", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


def listing() -> str:
    verbs = {**OWN, **PASSED_ON["autograder"], **PASSED_ON["threadlab"]}
    return "python3 course.py VERB …\n\n" + "\n".join(f"  {verb:<12} {text}" for verb, text in verbs.items())


def unknown(verb: str) -> int:
    from difflib import get_close_matches

    verbs = [*OWN, *PASSED_ON["autograder"], *PASSED_ON["threadlab"]]
    near = get_close_matches(verb, verbs, n=1, cutoff=0.5)
    print(f"There is no verb “{verb}”.{f' Did you mean “{near[0]}”?' if near else ''} These are the verbs:\n", file=sys.stderr)
    print(listing(), file=sys.stderr)
    return 2


def too_old() -> int:
    from shutil import which

    newer = next((name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if which(name)), None)
    remedy = f"This computer has {newer}: {newer} course.py lab" if newer else "Install a newer one from python.org."
    print(f"The course needs Python 3.11 or later, and this is {sys.version.split()[0]}. {remedy}", file=sys.stderr)
    return 1


def lab(project: Project, arguments: list[str]) -> int:
    import secrets
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="course.py lab", description="Open JupyterLab on the first lesson.")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, metavar="N", help="the port to use (default: the first free one from 8888)")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="install from a folder of wheels, without a network")
    options = parser.parse_args(arguments)
    port = free_port(options.port)
    set_up(project, [], options.wheels)
    lesson = "lessons/00-first-conversation.ipynb"
    page = "/lab/tree/" + (lesson if (project.root / lesson).exists() else "lessons")
    token = secrets.token_hex(16)
    say("Starting JupyterLab, which takes a few seconds. Ctrl-C here ends it. Its address:")
    print(f"http://127.0.0.1:{port}{page}?token={token}", flush=True)
    settings = [
        f"--ServerApp.root_dir={project.root}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.answer_yes=True",
        f"--LabApp.default_url={page}",
        "--Application.log_level=ERROR",
    ]
    if options.no_browser:
        settings.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        settings.append("--allow-root")  # as in a container
    os.chdir(project.root)
    return hand_over(project, ["-m", "jupyterlab", *settings], {"JUPYTER_TOKEN": token})


def free_port(requested: int | None) -> int:
    """The requested port, or the first free one from 8888."""
    import socket

    reason: Exception | None = None
    for port in range(8888, 8988) if requested is None else [requested]:
        with socket.socket() as trial:
            if not WINDOWS:  # there, the same option lets two programs share a port
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
                return port
            except (OSError, OverflowError) as error:
                reason = error
    if requested is None:
        raise SetupError("No port from 8888 to 8987 is free. Stop a JupyterLab that is not needed, or name a port: --port N.")
    raise SetupError(f"Port {requested} cannot be used ({reason}). Name another, or leave --port out: a free one is found.")


def test(project: Project, arguments: list[str]) -> int:
    set_up(project, ["test"])
    chosen = [argument for argument in arguments if argument != "--quick"]
    quick = ["-m", "not slow"] if len(chosen) < len(arguments) else []
    os.chdir(project.root)
    return hand_over(project, ["-m", "pytest", "-n", "2", "--dist", "loadgroup", *quick, *chosen])


def quick(project: Project, arguments: list[str]) -> int:
    """What to run before every commit. Every check is run, whatever the one before it says."""
    set_up(project, ["test"])
    os.chdir(project.root)
    checks = {
        "ruff check": [str(project.python), "-m", "ruff", "check", "--quiet"],
        "ruff format --check": [str(project.python), "-m", "ruff", "format", "--check", "--quiet"],
        "lint-imports": [str(project.bin / "lint-imports"), "--no-logo"],
    }
    wrong = 0
    for name, command in checks.items():
        done = subprocess.run(command, env=working_env(project), capture_output=True, text=True, check=False)
        print(f"{'ok ' if done.returncode == 0 else 'BAD'}  {name}")
        if done.returncode != 0:
            print(done.stdout + done.stderr, end="")
            wrong += 1
    return 1 if wrong else 0


def setup(project: Project, arguments: list[str]) -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="course.py setup", description="Install the course's packages and those of its tests.")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="install from a folder of wheels, without a network")
    parser.add_argument("--repair", action="store_true", help="look at every package again, and mend what is broken")
    options = parser.parse_args(arguments)
    if options.repair:
        project.stamp.unlink(missing_ok=True)
    set_up(project, ["test"], options.wheels)
    print("Everything is installed. Next: python3 course.py lab")
    return 0


def doctor(project: Project, arguments: list[str]) -> int:
    from setup_tools.doctor import doctor

    return doctor(project)


def browser(project: Project, arguments: list[str]) -> int:
    set_up(project, ["browser"])
    return hand_over(project, ["-P", "-m", "courseware.browser", *arguments])


def workshop(project: Project, arguments: list[str]) -> int:
    named = any(argument.partition("=")[0] == "--edition" for argument in arguments)
    set_up(project, ["workshop", *([] if named else ["browser"])])
    return hand_over(project, ["-P", "-m", "autograder.workshop", *arguments])


def hub(project: Project, arguments: list[str]) -> int:
    set_up(project, ["cluster", "hub"])
    return hand_over(project, ["-P", "-m", "autograder.hub", *arguments])


def site(project: Project, arguments: list[str]) -> int:
    set_up(project, ["site", *(["browser"] if "--browser" in arguments else [])])
    return hand_over(project, ["-P", "-m", "courseware.site.build", *arguments])


def wheels(project: Project, arguments: list[str]) -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="course.py wheels", description="Download a wheel of every package, to install from without a network.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args(arguments).folder.resolve()
    download(project, folder)
    print(f"{len(list(folder.glob('*.whl')))} wheels are in {folder}. With it, without a network: python3 course.py lab --wheels {folder}")
    print("They fit this kind of computer and this version of Python.")
    return 0


def pass_on(project: Project, package: str, arguments: list[str]) -> int:
    set_up(project, [])
    return hand_over(project, ["-P", "-m", package, *arguments])  # -P: a learner's random.py in this folder is not Python's


def hand_over(project: Project, arguments: list[str], settings: dict[str, str] | None = None) -> int:
    """Become the `.venv`'s Python: from here on, signals and the exit code are its own."""
    command, env = [str(project.python), *arguments], {**working_env(project), **(settings or {})}
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, env)
    child = subprocess.Popen(command, env=env)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child has had it too, and decides
            continue


def working_env(project: Project) -> dict[str, str]:
    """The environment that the course's own programs run in."""
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "__PYVENV_LAUNCHER__")}
    config = [str(project.root / "autograder"), env.get("JUPYTER_CONFIG_PATH")]
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, config))  # where nbgrader looks for nbgrader_config.py
    env["PATH"] = os.pathsep.join([str(project.bin), env.get("PATH", os.defpath)])  # nbgrader calls `alembic` by its bare name
    env["VIRTUAL_ENV"] = str(project.venv)
    direct = [env.get("NO_PROXY") or env.get("no_proxy"), "127.0.0.1", "localhost"]
    env["NO_PROXY"] = env["no_proxy"] = ",".join(filter(None, direct))  # a proxy would swallow the service on this computer
    return env


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
