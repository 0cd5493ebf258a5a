"""Reports and feedback: what they say, what they must not say, and that nobody's text becomes markup or a formula."""

import csv
import html
import html.parser
import io
import json
import re
from types import SimpleNamespace

import msgspec
import pytest

from autograder.classroom import progress_bar
from autograder.classroom.assignment import Attempt, Record
from autograder.classroom.report import (
    ClassReport,
    Hard,
    Misconception,
    Row,
    by_day,
    canvas,
    details,
    distribution,
    earlier,
    hard,
    moodle,
    page,
    write,
)
from autograder.classroom.similar import Pair, Similar
from autograder.cli import _class_table
from autograder.judging.behaviours import NOT_WRITTEN, Finding, Verdict
from autograder.printable import SafeConsole
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in

EVIL = '=cmd|"/c calc"!A1<script>alert(1)</script>'
REPORT = ClassReport(
    "first-turn",
    "A first <turn>",
    10,
    [Row(EVIL, 7, ["one_run"], 0.25, ["<img src=x onerror=alert(1)>"], ""), Row("ann", None, [], 0.1, [], "not a notebook & more")],
    [Hard("first_turn", "one_run", "promise", 2, 1, 1, "<b>2 runs</b>")],
    [Misconception("runs first", [EVIL])],
    Similar([Pair((EVIL, "ann"), 0.975)], 0.5, 2),
)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs), (tag, attrs)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_text_of_a_student_is_escaped_in_the_page():
    tags = Tags()
    tags.feed(page(REPORT))
    assert not tags.open
    assert "script" not in tags.seen
    assert "img" not in tags.seen
    assert "1 of 1" in page(REPORT)  # not the bar alone


def test_every_table_has_headers_and_a_caption():
    text = page(REPORT)
    assert text.count("<table>") == text.count("<caption>") == 6
    assert 'scope="row"' in text
    assert 'lang="en"' in text


@pytest.mark.parametrize("made", [canvas(REPORT), moodle(REPORT)])
def test_name_like_a_formula_stays_text_in_the_lists(made):
    rows = list(csv.reader(made.splitlines()))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    assert len({len(row) for row in rows}) == 1


def test_attempts_are_counted_by_day_and_by_student():
    often = Row("ann", 9, [], 0.1, [], "", attempts=[Attempt("2026-11-02T09:00:00", 4, "a"), Attempt("2026-11-03T09:00:00", 9, "b")])
    once = Row("bob", 5, [], 0.1, [], "", 2.0, attempts=[Attempt("2026-11-03T10:00:00", 5, "c")])
    report = msgspec.structs.replace(REPORT, rows=[often, once])
    assert by_day(report) == [("2026-11-02", [4]), ("2026-11-03", [9, 5])]
    assert "4 (2026-11-02 09:00), 9 (2026-11-03 09:00)" in page(report)
    assert "Handed in 2 times: 4, 9." in page(report)
    assert [row[3:] for row in csv.reader(details(report).splitlines())][1:] == [
        ["0", "", "2", "2026-11-03T09:00:00", "", ""],
        ["2", "", "1", "2026-11-03T10:00:00", "", ""],
    ]


def test_time_of_a_grading_is_not_shown_as_that_of_a_hand_in():
    twice = [Attempt("2026-11-02T09:00:00+00:00", 4, "a"), Attempt("2026-11-03T09:00:00+00:00", 9, "b")]
    report = msgspec.structs.replace(REPORT, rows=[Row("ann", 9, [], 0.1, [], "", attempts=twice)])
    assert by_day(report) == []
    assert "No times are known." in page(report)
    assert "4 (graded 2026-11-02 09:00), 9 (graded 2026-11-03 09:00)" in page(report)
    assert next(csv.DictReader(details(report).splitlines()))["last handed in"] == ""


def test_what_the_lms_calls_late_is_in_the_page_and_in_the_table():
    report = msgspec.structs.replace(REPORT, rows=[Row("ann", 9, [], 0.1, [], "", late=True), Row("bob", 5, [], 0.1, [], "")])
    assert '<th scope="row">ann</th><td>9, late</td>' in page(report)
    assert page(report).count("It is late, as the learning management system has it.") == 1
    assert [row["late in the LMS"] for row in csv.DictReader(details(report).splitlines())] == ["yes", ""]


def test_submission_is_linked_in_the_formgrader_where_its_address_is_given():
    report = msgspec.structs.replace(REPORT, rows=[Row("ann", 9, [], 0.1, [], "", submission="abc")])
    assert 'href="http://localhost:8888/formgrader/submissions/abc/?index=0"' in page(report, formgrader="http://localhost:8888/")
    assert "formgrader" not in page(report)


def test_ungraded_submission_gets_no_score_in_the_lists():
    assert list(csv.reader(canvas(REPORT).splitlines()))[-1][-1] == ""


def test_json_holds_what_the_page_shows(tmp_path):
    write(REPORT, tmp_path)
    assert json.loads((tmp_path / "first-turn.json").read_text())["rows"][0]["student"] == EVIL


HIDDEN = """
from autograder.judging.behaviours import Scene
from autograder.checks.first_turn import _args, _asking
from threadlab.trials.trial import World

SCENES = {"first_turn": [Scene("secret scene", lambda: World(_asking("secret"), scenario="slow:150"), _args)]}
MUST_HOLD = {"secret scene": ["asks_once", "one_run", "returns_the_answer"]}
"""


WAITS = """# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    for _ in range({seconds}):
        time.sleep(1)
        if client.beta.threads.runs.retrieve(run.id, thread_id=thread.id).status == "completed":
            break
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value
"""


@pytest.mark.slow
def test_feedback_shows_nothing_of_the_hidden_checks(tmp_path):
    course = clone(tmp_path)
    (course / "autograder" / "hidden").mkdir(exist_ok=True)
    (course / "autograder" / "hidden" / f"{SLUG}.py").write_text(HIDDEN)
    by_name = {path.stem: path for path in corpus()}
    for student, name in (("ann", "one_request"), ("cy", "no_run"), ("<script>alert(1)<script>", "no_run")):
        hand_in(course, student, answered(course, SLUG, by_name[name]))
    for student, seconds in (("bob", 10), ("dan", 100)):  # dan's are enough for what can be seen, and not for the scene that is kept back
        (tmp_path / f"{student}.py").write_text(WAITS.format(seconds=seconds))
        hand_in(course, student, answered(course, SLUG, tmp_path / f"{student}.py"))
    command(course, "autograder", "grade", SLUG, "--trust-submissions", "--feedback")
    done = command(course, "autograder", "report", SLUG)
    assert len(done.stdout.split()) == 5
    report = json.loads((course / "autograder" / "work" / "reports" / f"{SLUG}.json").read_text())
    copied = ["<script>alert(1)<script>", "cy"]
    assert [(pair["students"], pair["alike"]) for pair in report["similar"]["pairs"]] == [(copied, 1.0), (["bob", "dan"], 1.0)]
    rows = {row["student"]: row for row in report["rows"]}
    assert rows["ann"]["score"] == 10
    assert rows["bob"]["lost"] == ["waits_for_the_end", "returns_the_answer"]
    assert rows["dan"]["lost"] == ["returns_the_answer"]
    assert {one["name"] for one in report["misconceptions"]} >= {"no run"} or report["misconceptions"]
    assert report["hard"][0]["lost"] >= 2
    for student in ("bob", "cy", "dan"):
        text = (course / "autograder" / "work" / "feedback" / student / SLUG / f"{SLUG}.html").read_text()
        assert "secret scene" not in text
        assert "MUST_HOLD" not in text
    for student in ("bob", "cy"):
        text = (course / "autograder" / "work" / "feedback" / student / SLUG / f"{SLUG}.html").read_text()
        assert "DeprecationWarning" not in text  # `%load_ext threadlab` keeps the SDK quiet here, too
        assert "[FAIL]" in text
        assert "What happened there" in text
        (picture,) = re.findall(r'<img [^>]*alt="What happened: [^>]*>', text)
        assert 'src="data:image/svg+xml' in picture
        assert "<summary>The same as a table</summary>" in text
    assert "kept back for grading" in (course / "autograder" / "work" / "feedback" / "dan" / SLUG / f"{SLUG}.html").read_text()
    appeal = command(course, "autograder", "replay", SLUG, "dan", "--behaviour", "returns_the_answer").stdout
    assert "replayed:  secret scene: " in appeal, appeal


def test_distribution_counts_every_graded_submission_once():
    assert sum(count for _, count in distribution(REPORT)) == 1  # the other one was not graded
    assert dict(distribution(REPORT))["7"] == 1


def test_report_is_compared_with_an_earlier_one(tmp_path):
    import msgspec

    write(REPORT, tmp_path)
    before = earlier(tmp_path / "first-turn.json", "first-turn")
    assert "Nobody's score." in html.unescape(page(REPORT, before))
    changed = msgspec.structs.replace(REPORT, rows=[msgspec.structs.replace(REPORT.rows[0], score=9), REPORT.rows[1]])
    text = page(changed, before)
    assert "<td>7</td><td>9</td>" in text


def test_reason_that_says_nothing_is_not_shown_as_the_most_frequent():
    blank = Finding("one_run", 2, 0, "nothing has been written here yet.", NOT_WRITTEN)
    wrong = Finding("one_run", 2, 0, "it started two runs.", "runs_started")
    lost = [("ann", blank), ("bob", blank), ("cas", wrong), ("dan", msgspec.structs.replace(wrong, earned=2))]
    records = [Record(name, "", verdicts={SLUG: [Verdict("first_turn", [finding])]}) for name, finding in lost]

    found = next(one for one in hard(SLUG, [*records, Record("eve", "", problem="not a notebook")]) if one.behaviour == "one_run")

    assert (found.lost, found.of, found.sentence) == (3, 4, "it started two runs.")


def test_most_frequent_reason_is_found_across_ids_and_shows_none():
    ids = ("thread_spQfB2kXz9WmT4cLr7VnYh3D", "thread_a8JkR5dUe1QwZx6NbMo0Pt2G")
    runs = [Finding("one_run", 2, 0, f"two runs were started on {one}.", "two_runs") for one in ids]
    records = [
        Record(str(number), "", verdicts={SLUG: [Verdict("first_turn", [finding])]})
        for number, finding in enumerate([Finding("one_run", 2, 0, "it started none.", "no_run"), *runs])
    ]
    assert next(one.sentence for one in hard(SLUG, records) if one.behaviour == "one_run") == "two runs were started on thread_…."


def test_table_has_a_line_a_student_with_the_penalty_first():
    lost = [Finding(f"a_behaviour_with_a_long_name_{number}", 1, 0, "it does not.") for number in range(12)]
    rows = [Record(f"student {number}", "", 7, penalty=3, verdicts={SLUG: [Verdict("first_turn", lost)]}) for number in range(200)]
    out = io.StringIO()
    SafeConsole(file=out, width=80).print(_class_table(SLUG, rows, 10))
    lines = [line for line in out.getvalue().splitlines() if "│ student " in line]
    assert len(lines) == 200
    assert all("3 for being late, a_behaviour" in line for line in lines)
    assert len(out.getvalue().splitlines()) < 210


def test_time_left_is_estimated_without_the_start(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(progress_bar, "time", SimpleNamespace(monotonic=lambda: now))
    with progress_bar.Display("Grading", 93) as display:
        now = 53.0  # the first one waits until everything is started
        display.done("ann")
        now = 63.0
        display.done("bob")
    assert capsys.readouterr().err.splitlines() == ["Grading: 93 submissions", "Grading: 1 of 93", "Grading: 2 of 93, about 910 s left"]
