"""`python -m autograder VERB …`, which `python3 course.py VERB …` calls; and the command `threads-course`."""

import sys

NEEDED = ("nbformat", "nbgrader", "psutil", "sqlalchemy")
"""Without these the service alone is installed."""


def main(prog: str = "python3 course.py") -> int:
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(
            f"The Threads service is installed without the course: {', '.join(missing)} cannot be found. "
            "Install the rest: python -m pip install 'threads-course[course,grading]'",
            file=sys.stderr,
        )
        return 1
    from autograder.cli import main as run

    return run(prog=prog)


def console() -> int:
    return main("threads-course")


if __name__ == "__main__":
    sys.exit(main())
