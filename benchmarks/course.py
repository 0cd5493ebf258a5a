"""A class on every exercise of the course, graded by ours and by stock nbgrader running the same checks in a kernel, in the same run.

    python benchmarks/course.py [--students 20] [--sample 4] [--exercise NAME …] [--workers 2]

Students hand in the known answers of each exercise, right and wrong ones in turn. Ours is one command, `python -m autograder grade`, for
each exercise, from its start to its end, sandbox on. Stock nbgrader grades `--sample` students, and its time is scaled up, its start once.
A row tells both times and the processor time that ours took. One more row is ours again, all exercises in one command: the start is paid
once. `--without-stock` leaves stock out. The last line is `ratio=…`: all of stock's time over all of ours, a command an exercise.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path

from autograde import command, course, hand_in, scores, stock_seconds

from autograder import checks


def processor_seconds() -> float:
    """What all ended descendants of this process have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def graded(folder: Path, *arguments: str) -> tuple[float, float]:
    """Seconds, and seconds of processor time, that `autograder grade` takes."""
    before = processor_seconds()
    took = command(folder, "autograder", "grade", *arguments)
    return took, processor_seconds() - before


def main() -> None:
    """Print a row an exercise, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--sample", type=int, default=4)
    parser.add_argument("--exercise", action="append", choices=checks.SLUGS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--without-stock", action="store_true")
    options = parser.parse_args()
    slugs = options.exercise or checks.SLUGS
    mine = theirs = spent = 0.0
    print(f"{'exercise':22}{'ours':>10}{'processor':>12}{'stock':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as top:
        ours, stock = course(Path(top, "ours"), ours=True), course(Path(top, "stock"), ours=False)
        for slug in slugs:
            hand_in(ours, slug, options.students)
            took, used = graded(ours, slug, "--workers", str(options.workers))
            print(f"{slug:22}{took:8.1f} s{used:10.1f} s", end="", flush=True)
            would = 0.0
            if not options.without_stock:
                hand_in(stock, slug, options.sample)
                start, each = stock_seconds(stock, slug, options.sample)
                would = start + options.students * each
                print(f"{would:10.1f} s{would / took:8.1f}", end="")
            print(flush=True)
            mine, theirs, spent = mine + took, theirs + would, spent + used
        took, used = graded(ours, *slugs, "--workers", str(options.workers), "--force")
        print(f"{'in one command':22}{took:8.1f} s{used:10.1f} s", flush=True)
        missing = {f"student-{number:04}" for number in range(options.students)} - set(scores(ours))
    print(f"{'all':22}{mine:8.1f} s{spent:10.1f} s{theirs:10.1f} s")
    if missing:
        raise SystemExit(f"{len(missing)} students have no score.")
    if not options.without_stock:
        print(f"ratio={theirs / mine:.1f}")


if __name__ == "__main__":
    main()
