"""What is run afresh as the answer is what a kernel has when its cells have run."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from autograder.notebooks import answer_in
from threadlab.trials.guest.answer import defined_afresh, surroundings
from threadlab.trials.guest.messages import Spec

PLAIN = "def answer():\n    return 1"
CELLS: dict[str, list[str]] = {
    "last_definition": ["def answer():\n    return 0", PLAIN],
    "indented_as_a_whole": ["    def answer():\n        return 1"],
    "pasted_with_python_prompts": [">>> def answer():\n...     return 1\n"],
    "pasted_with_a_notebook_prompt": ["In [3]: def answer():\n   ...:     return 1"],
    "data_completed_by_a_loose_expression": ["CFG = {}\nCFG.update(ms=1)\ndef answer():\n    return CFG['ms']"],
    "default_set_by_a_loose_expression": ["CFG = dict()\nCFG.setdefault('ms', 1)\ndef answer():\n    return CFG['ms']"],
    "list_of_functions": ["STEPS = []\ndef one():\n    return 1\nSTEPS.append(one)\ndef answer():\n    return STEPS[0]()"],
    "class_of_the_same_name": [
        "class answer:\n    one = 1\n    def __new__(cls): return cls.one",
        "class answer(answer):\n    one = 0",
    ],
    "method_set_in_another_cell": ["class answer:\n    def __new__(cls): return cls.one()", "answer.one = staticmethod(lambda: 1)"],
    "method_set_by_name": ["class answer:\n    def __new__(cls): return cls.one", "setattr(answer, 'one', 1)"],
    "method_set_by_a_decorator": [
        "class answer:\n    def __new__(cls): return cls.one(cls)",
        "def part_of(cls):\n    return lambda f: setattr(cls, f.__name__, f)\n@part_of(answer)\ndef one(self):\n    return 1",
    ],
    "wrapped_later": ["def twice(f):\n    return lambda: 2 * f()", PLAIN, "answer = twice(answer)"],
    "wrapped_in_two_steps": [PLAIN, "plus = lambda f: lambda: f() + 1", "answer = plus(answer)", "answer = plus(answer)"],
    "attribute_set_later": ["def answer():\n    return answer.ms", "answer.ms = 500"],
    "item_set_later": ["class Table(dict):\n    def __call__(self): return self['x']", "answer = Table()", "answer['x'] = 3"],
    "under_the_main_guard": ["if __name__ == '__main__':\n    async def wait():\n        await w()\n    def answer():\n        return 1"],
    "recursive": ["def answer(n=3):\n    return n and answer(n - 1)"],
    "tried_in_the_same_cell": [PLAIN + "\nseen = []\nseen.append(answer())"],
    "tried_by_a_helper": ["calls = []\n" + PLAIN + "\ndef trying():\n    raise OSError\ntry: calls.append(trying())\nexcept OSError: pass"],
}


def in_a_kernel(cells: list[str]) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        exec(TransformerManager().transform_cell(cell), namespace)  # type: ignore[no-untyped-call]
    return namespace


@pytest.mark.parametrize("name", CELLS)
def test_answer_does_what_it_does_in_a_kernel(name: str) -> None:
    kernel = in_a_kernel(CELLS[name])
    answer = answer_in(CELLS[name], "answer")
    assert answer.sources
    around = surroundings(kernel, answer.context)
    again = defined_afresh(Spec("answer", [], {}, answer.sources), around)
    assert again["answer"]() == kernel["answer"]()
    assert again["answer"] is not kernel["answer"]


def test_try_in_an_answer_cell_is_not_made_again() -> None:
    cell = "made = []\ndef answer():\n    made.append(1)\nmade.append(answer())\nlog = []\nlog.append('defined')"
    again = defined_afresh(Spec("answer", [], {}, [cell]), {})
    assert (again["made"], again["log"]) == ([], ["defined"])


def test_change_of_a_name_that_no_cell_defines_is_no_answer() -> None:
    assert answer_in(["answer.ms = 500", "setattr(answer, 'one', 1)"], "answer").sources == []


def test_deep_expression_is_looked_through() -> None:
    cell = f"total = {' + '.join(['1'] * 2_500)}\n{PLAIN}"
    assert answer_in([cell, "answer.ms = 500"], "answer").sources == [cell, "answer.ms = 500"]


@pytest.mark.parametrize("given", ["!echo 1", "%pwd", "get_ipython().getoutput('echo 1')"])
def test_what_a_shell_or_a_magic_gave_is_kept_and_not_asked_for_again(given: str) -> None:
    cell = f"given = {given}\ndef answer():\n    return given"
    again = defined_afresh(Spec("answer", [], {}, [cell]), {"given": ["1"]})
    assert again["answer"]() == ["1"]


@pytest.mark.parametrize("end", ["raise SystemExit", "import sys; sys.exit(3)", "1 / 0", "x = [][0]"])
def test_what_a_cell_defined_before_it_ended_in_an_error_is_there(end: str) -> None:
    assert defined_afresh(Spec("answer", [], {}, [f"{PLAIN}\n{end}"]), {})["answer"]() == 1
