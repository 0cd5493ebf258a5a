"""`course.py browser DIR`: build the browser edition."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from courseware.browser.build import build, facts
from courseware.browser.problem import BuildProblem


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="course.py browser", description="Build the course as a static folder that runs in a browser tab."
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args(arguments).folder.resolve()
    start = time.monotonic()
    try:
        build(folder, lambda text: print(text, file=sys.stderr, flush=True))
    except (BuildProblem, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    edition = facts(folder)
    print(
        f"The course is in {folder}: {edition['notebooks']} notebooks, {edition['bytes'] / 1e6:.0f} MB, version {edition['version']}, "
        f"made in {time.monotonic() - start:.0f} s.\n"
        f"Any web server of static files can serve it, such as: python3 -m http.server --bind 127.0.0.1 --directory {folder} 8000"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
