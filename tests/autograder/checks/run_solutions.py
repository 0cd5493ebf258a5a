"""Run the solutions as notebooks, each in a fresh IPython shell of this process; what came of each as JSON, a line each."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any


def run(slug: str) -> dict[str, Any]:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from autograder.notebooks import is_graded, read, solution

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    earned, wrong = 0.0, list[str]()
    for cell in read(solution(slug)).cells:
        if cell.cell_type != "code":
            continue
        with capture_output() as said:
            result = shell.run_cell(cell.source, store_history=True)
        if not result.success:
            wrong.append(f"{cell.id}: {result.error_before_exec or result.error_in_exec!r}")
        if said.stderr:
            wrong.append(f"{cell.id} says on stderr: {said.stderr}")
        if is_graded(cell):
            earned += result.result or 0.0
    return {"slug": slug, "earned": earned, "wrong": wrong}


if __name__ == "__main__":
    warnings.simplefilter("default")
    for name in sys.argv[1:]:
        print(json.dumps(run(name)), flush=True)
