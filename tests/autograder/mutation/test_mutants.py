"""The mutation tester: what its operators make, how mutants are told apart, and that a sample of them is noticed by a check."""

import ast

import pytest

from autograder import checks
from autograder.mutation import grading, mutants
from autograder.mutation.edits import Source
from autograder.mutation.grading import Fate, grade_all, key_of, loss_of
from autograder.mutation.mutants import Mutant, Reviewed, reason_for, reviewed, sampled
from threadlab.trials.trial import in_process


def changes(text):
    """What the operators make of a piece of Python, as pairs of operator and text."""
    source = Source(text)
    return {(edit.operator, source.applied(edit)) for edit in mutants._edits(source)}


@pytest.mark.parametrize(
    ("before", "operator", "after"),
    [
        ("a < b", "comparison", "a <= b"),
        ("a in b", "comparison", "a not in b"),
        ("a and b", "logic", "(b)"),
        ("f(limit=100)", "constant", "f(limit=101)"),
        ("f(a, order='asc')", "argument left out", "f(a)"),
        ("f(a, b)", "arguments", "f(b, a)"),
        ("x = f()", "deleted statement", "pass"),
        ("async def f():\n    await g()", "no await", "async def f():\n    g()"),
        ("try:\n    a\nexcept E:\n    b", "except removed", "try:\n    a\nexcept E:\n    raise\n    b"),
        ("try:\n    a\nexcept (E, F):\n    b", "except narrowed", "try:\n    a\nexcept (F,):\n    b"),
        ("for a in b:\n    break", "loop", "for a in b:\n    continue"),
        ("def f(a=1): ...", "constant", "def f(a=2): ..."),
        ("with lock:\n    a", "context", "if True:\n    a"),
        ("for m in c.list(t):\n    a", "one page", "for m in c.list(t).data:\n    a"),
        ("async def f():\n    async for m in c.list(t): ...", "one page", "async def f():\n    for m in (await c.list(t)).data: ..."),
        ("a[0]", "last for first", "a[-1]"),
        ("a[-1]", "first for last", "a[0]"),
        ("{'failed', 'expired'}", "status missing", "{'expired'}"),
        ("{'failed'}", "status added", "{'failed', 'queued'}"),
        ("for a in range(5):\n    b", "retry without a bound", "for a in iter(int, 1):\n    b"),
        ("time.sleep(pause)", "pause", "time.sleep(1)"),
        ("now() > deadline", "deadline", "now() > (deadline + 15)"),
        ("a()\nsession.commit()\nb()", "commit later", "a()\nb()\nsession.commit()"),
        ("a()\nsession.commit()\nb()", "commit earlier", "session.commit()\na()\nb()"),
        ("session.commit()", "flush for commit", "session.flush()"),
        ("{'Idempotency-Key': key}", "key is always the same", "{'Idempotency-Key': 'key'}"),
        ("def f(client):\n    a", "max_retries=0", "def f(client):\n    client = client.with_options(max_retries=0)\n    a"),
        ("self.lanes = {}", "module global", "self.lanes = globals().setdefault('_lanes', {})"),
    ],
)
def test_operator_makes_its_mistake(before, operator, after):
    assert (operator, after) in changes(before)


@pytest.mark.parametrize("slug", ["first-turn", "confirmed-answer"])
def test_mutants_are_distinct_and_can_be_run(slug):
    every = mutants.mutants(slug)
    assert len(every) >= 40
    assert len({one.fingerprint for one in every}) == len(every)
    originals = dict(mutants.right_answers(slug))
    for one in every:
        assert ast.dump(ast.parse(one.cells[one.part])) != ast.dump(ast.parse(originals[one.answer][one.part]))
        assert one.diff


def mutant(diff, **changed):
    return Mutant("first-turn", "solution", "first_turn", "pause", 3, diff, {"first_turn": "a"}, **changed)


def test_fingerprint_stays_when_lines_around_the_change_move():
    one, other = mutant("@@ -1,2 +1,2 @@\n a\n-b\n+c"), mutant("@@ -8,3 +8,3 @@\n x\n-  b\n+  c\n y")
    assert one.fingerprint == other.fingerprint != mutant("@@ -1,2 +1,2 @@\n a\n-b\n+d").fingerprint


def test_sample_is_the_same_for_a_seed_and_has_every_operator():
    every = mutants.mutants("first-turn")
    chosen = sampled(every, 20, 7)
    assert chosen == sampled(every, 20, 7) != sampled(every, 20, 8)
    assert {one.operator for one in chosen} == {one.operator for one in every}
    assert sampled(every, None, 0) == every


@pytest.mark.slow
def test_reviewed_entries_name_exercises_and_cover_mutants_that_there_are():
    entries = reviewed()
    assert {one.exercise for one in entries} <= set(checks.SLUGS)
    for slug in {one.exercise for one in entries}:
        every = mutants.mutants(slug)
        known = {one.fingerprint for one in every}
        for entry in [one for one in entries if one.exercise == slug]:
            assert set(entry.fingerprints) <= known
            assert any(entry.covers(one) for one in every), f"nothing in {slug} is covered by: {entry}"


def test_reviewed_entry_covers_the_line_and_operator_that_it_names():
    found = mutant("@@ -1 +1 @@\n-time.sleep(1)\n+time.sleep(30)")
    for entry, covers in [
        (Reviewed("first-turn", "free", operators=["pause"]), True),
        (Reviewed("first-turn", "free", operators=["constant"]), False),
        (Reviewed("first-turn", "free", line=r"sleep\("), True),
        (Reviewed("wait-for-run", "free", operators=["pause"]), False),
        (Reviewed("first-turn", "free", fingerprints=[found.fingerprint]), True),
    ]:
        assert entry.covers(found) is covers
        assert bool(reason_for(found, [entry])) is covers


def test_list_without_a_reason_is_refused(tmp_path):
    listed = tmp_path / "reviewed.toml"
    listed.write_text('[[reviewed]]\nexercise = "first-turn"\nreason = " "\noperators = ["pause"]\n')
    with pytest.raises(ValueError, match="no reason"):
        reviewed(listed)


@pytest.mark.parametrize("slug", ["first-turn"])
def test_mutants_of_a_sample_are_noticed_or_reviewed(slug):
    entries = reviewed()
    for one in sampled(mutants.mutants(slug), 24, 1):
        assert loss_of(one, in_process({})) is not None or reason_for(one, entries), f"survives: {one.operator}\n{one.diff}"


def test_fate_of_an_earlier_run_is_used(tmp_path, monkeypatch):
    (one,) = sampled(mutants.mutants("first-turn"), 1, 0)
    grading._remember(tmp_path, "first-turn", Fate(key_of(one), one.fingerprint, "asks_once", "why"))
    with (tmp_path / "first-turn.jsonl").open("a") as file:
        file.write('{"key": "cut o')
    monkeypatch.setattr(grading, "ProcessPoolExecutor", None)  # nothing is graded
    grading._known_fates.cache_clear()
    ((_, fate),) = grade_all([one], known=tmp_path)
    assert fate.behaviour == "asks_once"
    assert not fate.survives
