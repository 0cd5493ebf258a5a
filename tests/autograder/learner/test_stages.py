"""Large exercises are checked a stage at a time: together the stages try what the whole check tries."""

from __future__ import annotations

from typing import Any

import pytest

from autograder import checks
from autograder.judging.behaviours import judge
from autograder.learner.check import check
from autograder.learner.stages import STAGES, render, restricted
from autograder.notebooks import part_of, read, released, solution
from threadlab.errors import ThreadlabError
from threadlab.trials.trial import in_process

staged = pytest.mark.parametrize("slug", STAGES)


def cells(notebook: Any) -> list[str]:
    return [
        cell.source.replace("%load_ext threadlab", "")
        for cell in notebook.cells
        if cell.cell_type == "code" and part_of(cell) is None and not cell.source.startswith(("check(", "hint(", "async def two", "world"))
    ]


def judged(slug: str, number: int, notebook: Any) -> str:
    part = restricted(checks.find(slug), number)
    sources = [source for source in cells(notebook) if f"def {part.name}(" in source or f"class {part.name}" in source]
    namespace: dict[str, Any] = {}
    exec(cells(notebook)[0], namespace)
    exec(sources[0], namespace)
    return render(checks.find(slug), number, judge(part, in_process(namespace), sources))


@staged
def test_stages_share_out_the_scenes(slug: str) -> None:
    (part,) = checks.find(slug).parts
    assert sorted(scene for stage in STAGES[slug] for scene in stage.scenes) == sorted(scene.name for scene in part.scenes)
    shown = {one.name for number in range(len(STAGES[slug])) for one in restricted(checks.find(slug), number + 1).behaviours}
    assert shown == {one.name for one in part.behaviours}


@staged
def test_notebook_has_a_cell_for_each_stage(slug: str) -> None:
    for path in (solution(slug), released(slug)):
        found = [cell.source for cell in read(path).cells if "stage=" in cell.source and cell.cell_type == "code"]
        assert found == [f'check("{slug}", stage={number + 1})' for number in range(len(STAGES[slug]))]


@pytest.mark.parametrize(("slug", "number"), [(slug, number + 1) for slug in STAGES for number in range(len(STAGES[slug]))])
def test_solution_passes_a_stage(slug: str, number: int) -> None:
    text = judged(slug, number, read(solution(slug)))
    assert "[FAIL]" not in text, text
    assert ": passed. N" in text


@staged
def test_blank_passes_no_stage(slug: str) -> None:
    text = judged(slug, 1, read(released(slug)))
    assert "[pass]" not in text
    assert text.endswith("not there yet.")


def test_stage_that_there_is_not_is_a_sentence() -> None:
    with pytest.raises(ThreadlabError, match="ask for 1 to 4"):
        check("run-queue", stage=5)
    with pytest.raises(ThreadlabError, match="has no stages"):
        check("first-turn", stage=1)


def test_stage_is_not_remembered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from autograder.learner import progress

    monkeypatch.setattr(progress, "note_parts", None)
    assert check("run-queue", stage=1) is None
    assert "Stage 1 of 4" in capsys.readouterr().out
