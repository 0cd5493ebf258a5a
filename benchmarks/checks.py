"""What a check costs: each exercise's solution, as a ratio to the processor time of importing the SDK, all in one run.

    python benchmarks/checks.py [EXERCISE …]

A ratio of 1.0 is the processor time of `python -c "import openai; openai.OpenAI(api_key='x').beta.threads"`, the least of some starts.
Each check runs in a process of its own that has imported everything, once: what is measured is the judging, cold caches included.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import warnings

IMPORT = "import openai; openai.OpenAI(api_key='x').beta.threads"


def of_the_import(starts: int = 5) -> float:
    """The least processor time that the import took."""
    took = []
    for _ in range(starts):
        before = os.times()
        subprocess.run([sys.executable, "-W", "ignore", "-c", IMPORT], check=True)
        after = os.times()
        took.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(took)


def of_a_check(slug: str) -> tuple[float, float, float]:
    """Seconds of processor time for the solution's check, its first time here; and what it earned, of how many points."""
    from autograder import checks
    from autograder.judging.behaviours import judge
    from autograder.mutation.mutants import right_answers, surroundings
    from threadlab.trials.trial import in_process

    warnings.simplefilter("ignore")
    exercise, (_, cells) = checks.find(slug), next(right_answers(slug))
    sources = [surroundings(slug), *cells.values()]
    import openai

    _ = openai.OpenAI(api_key="x").beta.threads, openai.AsyncOpenAI(api_key="x").beta.threads
    before = time.process_time()
    verdicts = [judge(part, in_process({}), sources) for part in exercise.parts]
    return time.process_time() - before, sum(verdict.earned for verdict in verdicts), exercise.points


def main(slugs: list[str]) -> None:
    from autograder import checks

    unit = of_the_import()
    print(f"import of the SDK: {unit:.2f} s of processor time")
    ratios = []
    for slug in slugs or checks.SLUGS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            took, earned, points = pool.apply(of_a_check, (slug,))
        ratios.append(took / unit)
        print(f"{slug:<22}{took / unit:6.2f}   ({took:.2f} s; {earned:g} of {points:g} points)", flush=True)
    print(f"{'median':<22}{statistics.median(ratios):6.2f}\n{'largest':<22}{max(ratios):6.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
