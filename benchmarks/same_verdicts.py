"""A class graded three times: on all cores; then on one core beside sixteen busy loops, in the opposite order; and so once more.

    python benchmarks/same_verdicts.py [--students 60] [--exercise sixth-message …] [--loops 16]

Whatever the computer does meanwhile, each answer must come to the same points and the same verdict, byte for byte. The known answers of
the exercise take turns. Ends with the number of verdicts that differ, which is the exit code as well.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import nbformat
from autograde import command, course, notebooks, scores


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many endless loops on one core, and everything that is started meanwhile on the same core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
        os.sched_setaffinity(0, before)


def hand_in(folder: Path, slug: str, count: int, *, backwards: bool) -> dict[str, int]:
    """Hand in `count` answers; students are graded in the order of their names. Which answer each student handed in."""
    command(folder, "nbgrader", "generate_assignment", slug, "--force")
    answers = notebooks(folder, slug)
    handed_in = {}
    for number in range(count):
        student = f"student-{count - number if backwards else number:04}"
        place = folder / "autograder" / "work" / "submitted" / student / slug
        place.mkdir(parents=True)
        nbformat.write(answers[number % len(answers)], place / f"{slug}.ipynb")
        handed_in[student] = number
    return handed_in


def verdicts(top: Path, slug: str, count: int, secret: bytes, *, backwards: bool, workers: int) -> dict[int, bytes]:
    """Grade a class; points and verdicts of each answer. Ids and what is drawn follow from the secret: with another one, sentences that
    quote them differ."""
    folder = course(top, ours=True)
    work = folder / "autograder" / "work"
    work.mkdir(parents=True, exist_ok=True)
    (work / ".secret").write_bytes(secret)
    handed_in = hand_in(folder, slug, count, backwards=backwards)
    command(folder, "autograder", "grade", slug, "--workers", str(workers))
    points = scores(folder)
    graded = {}
    for student, number in handed_in.items():
        record = json.loads((folder / "autograder" / "work" / "records" / slug / f"{student}.json").read_bytes())
        told = [points[student], record["score"], record["verdicts"], record["incidents"], record["problem"]]
        graded[number] = json.dumps(told, sort_keys=True).encode()
    shutil.rmtree(top)
    return graded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--exercise", nargs="+", default=["sixth-message"])
    parser.add_argument("--loops", type=int, default=16)
    options = parser.parse_args()
    different = 0
    for slug in options.exercise:
        secret = os.urandom(32)
        with tempfile.TemporaryDirectory() as top:
            start = time.perf_counter()
            quiet = verdicts(Path(top, "quiet"), slug, options.students, secret, backwards=False, workers=2)
            print(f"{slug}: {options.students} submissions on all cores, {time.perf_counter() - start:.0f} s", flush=True)
            with busy(options.loops):
                for again in ("first", "second"):
                    start = time.perf_counter()
                    loaded = verdicts(Path(top, again), slug, options.students, secret, backwards=True, workers=1)
                    unequal = [number for number in quiet if quiet[number] != loaded[number]]
                    different += len(unequal)
                    took = time.perf_counter() - start
                    beside = f"beside {options.loops} loops on one core, in the opposite order, the {again} time"
                    print(f"{slug}: {beside}: {len(quiet) - len(unequal)} equal, {len(unequal)} different, {took:.0f} s", flush=True)
                    for number in unequal[:3]:
                        print(f"  {quiet[number][:300]!r}\n  {loaded[number][:300]!r}")
    print(f"different={different}")
    return min(different, 100)


if __name__ == "__main__":
    raise SystemExit(main())
