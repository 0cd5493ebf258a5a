"""What a learner does in the tab: write, stop, restart, download, upload, come back, and be told."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import checks
from autograder.notebooks import is_solution, read, solution
from tests.autograder.course_copy import clone, command, hand_in
from tests.courseware.browser.conftest import ARTIFACTS
from tests.courseware.browser.tab import STARTS, Tab, failed, served, tab, text_of

LESSON = "lessons/00-first-conversation.ipynb"
EXERCISE = "exercises/first-turn/first-turn.ipynb"
CLIENT = "%load_ext threadlab\nfrom openai import OpenAI\nclient = OpenAI()\n"
MARK = "# written by a learner"

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser_edition")]


def said(opened: Tab) -> str:
    """What the page tells in its corner, all of it."""
    text: str = opened.run("[...document.querySelectorAll('.Toastify__toast')].map(one => one.innerText).join('\\n')")
    return text


def told(opened: Tab, text: str) -> None:
    opened.until(f"[...document.querySelectorAll('.Toastify__toast')].some(one => one.innerText.includes({json.dumps(text)}))", STARTS)


def press(opened: Tab, label: str) -> None:
    """Press a button that has this label."""
    wanted = f"[...document.querySelectorAll('button, .jp-Button')].find(one => one.innerText.trim() === {json.dumps(label)})"
    opened.until(wanted, STARTS)
    opened.run(f"({wanted}).click(), true")


def write(opened: Tab, text: str = MARK) -> None:
    """Write into the first answer cell, or the first code cell, and save."""
    script = """
    (async text => {
        const panel = jupyterapp.shell.currentWidget;
        const cells = [...panel.content.model.cells].filter(cell => cell.type === "code");
        const answer = cells.find(cell => cell.getMetadata("nbgrader")?.solution) ?? cells[0];
        answer.sharedModel.setSource(text + "\\n" + answer.sharedModel.getSource());
        await panel.context.save();
        return true;
    })"""
    assert opened.run(f"{script}({json.dumps(text)})")


def source(opened: Tab) -> str:
    return "\n".join("".join(cell["source"]) for cell in opened.cells())


def downloaded(opened: Tab, folder: Path) -> Path:
    """The zip that `Download my work` gives."""
    folder.mkdir()
    opened.page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    press(opened, "Download my work")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if done := list(folder.glob("*.zip")):
            return done[0]
        time.sleep(0.1)
    raise AssertionError(f"nothing was downloaded; the page says: {said(opened)}")


def uploaded(opened: Tab, file: Path) -> None:
    """Choose a file for `Upload my work…`, as the file dialog would."""
    opened.page.call("Page.setInterceptFileChooserDialog", enabled=True)
    opened.run("jupyterapp.commands.execute('threads:upload').then(() => true)")
    opened.page.call("DOM.enable")
    root = opened.page.call("DOM.getDocument")["root"]["nodeId"]
    node = opened.page.call("DOM.querySelector", nodeId=root, selector="#threads-upload")["nodeId"]
    opened.page.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])


def test_work_goes_to_another_computer_in_one_zip(fresh_tab: Tab, address: str, tmp_path: Path) -> None:
    fresh_tab.visit(EXERCISE)
    told(fresh_tab, "kept in this browser, and only there")
    write(fresh_tab)
    archive = downloaded(fresh_tab, tmp_path / "first")
    with zipfile.ZipFile(archive) as files:
        assert EXERCISE in files.namelist()
        assert MARK in files.read(EXERCISE).decode()
        json.loads(files.read(EXERCISE))
        assert json.loads(files.read("course.json"))["version"]
    with tab(address, tmp_path / "another") as other:
        other.visit(EXERCISE)
        assert MARK not in source(other)
        uploaded(other, archive)
        told(other, "1 notebook is back")
        assert MARK in source(other)
        other.visit(EXERCISE)
        assert MARK in source(other)


def test_upload_over_a_notebook_that_was_only_opened_asks_nothing(fresh_tab: Tab, address: str, tmp_path: Path) -> None:
    fresh_tab.visit(EXERCISE)
    write(fresh_tab)
    archive = downloaded(fresh_tab, tmp_path / "first")
    with tab(address, tmp_path / "another") as other:
        other.visit(EXERCISE)
        other.idle()
        noted = "model.setMetadata('language_info', {name: 'python', version: '0.0'})"  # as JupyterLab does once the kernel is known
        other.run(f"(async panel => {{ panel.content.{noted}; await panel.context.save(); return true; }})({NOTEBOOK})")
        uploaded(other, archive)
        told(other, "1 notebook is back")
        assert MARK in source(other)


def test_upload_of_rubbish_changes_nothing(fresh_tab: Tab, tmp_path: Path) -> None:
    fresh_tab.visit(EXERCISE)
    for name, files, sentence in (
        ("climbs.zip", {"../../evil.ipynb": "{}", "lessons/../x.ipynb": "{}"}, "no notebook in climbs.zip"),
        ("broken.zip", {EXERCISE: "<<<<<<< HEAD"}, "is not a notebook. Nothing was changed"),
        ("list.zip", {EXERCISE: "[]"}, "is not a notebook. Nothing was changed"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        uploaded(fresh_tab, tmp_path / name)
        told(fresh_tab, sentence)
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    uploaded(fresh_tab, tmp_path / "no.zip")
    told(fresh_tab, "no.zip is not a zip file that can be read")
    fresh_tab.idle()
    assert "['exercises', 'lessons']" in fresh_tab.execute(
        "import os; print(sorted(name for name in os.listdir('/drive') if name[0] != '.'))"
    )


def test_upload_keeps_what_it_replaces(fresh_tab: Tab, tmp_path: Path) -> None:
    fresh_tab.visit(EXERCISE)
    write(fresh_tab, "# first")
    archive = downloaded(fresh_tab, tmp_path / "first")
    write(fresh_tab, "# second")
    uploaded(fresh_tab, archive)
    press(fresh_tab, "Replace")
    told(fresh_tab, "1 notebook is back")
    assert "# second" not in source(fresh_tab)
    old = fresh_tab.execute(
        "import glob; print([open(name).read().count('# second') for name in glob.glob('/drive/exercises/first-turn/*.old.ipynb')])"
    )
    assert old.strip() == "[1]"


def test_service_outlives_the_kernel_and_is_shared_by_notebooks(fresh_tab: Tab) -> None:
    fresh_tab.visit(LESSON)
    made = fresh_tab.execute(CLIENT + "thread = client.beta.threads.create(metadata={'user': 'ada'})\nprint('ID', thread.id)")
    thread_id = made.rpartition("ID ")[2].split()[0]
    fresh_tab.run("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => true)")
    look = f"print(client.beta.threads.retrieve({thread_id!r}).metadata)"
    assert "'ada'" in fresh_tab.execute(CLIENT + look)
    fresh_tab.open(EXERCISE)
    fresh_tab.idle()
    assert "'ada'" in fresh_tab.execute(CLIENT + look + f"\nclient.beta.threads.update({thread_id!r}, metadata={{'user': 'ben'}})")
    fresh_tab.open(LESSON)
    assert "'ben'" in fresh_tab.execute(look)


def test_endless_poll_ends_by_a_count(fresh_tab: Tab) -> None:
    fresh_tab.visit(LESSON)
    ended = fresh_tab.execute(
        CLIENT + "thread = client.beta.threads.create()\nwhile True:\n    try:\n        client.beta.threads.retrieve(thread.id)\n"
        "    except Exception:\n        pass"
    )
    assert "CellStopped" in ended
    assert "500 times in a row: GET /v1/threads/" in ended
    assert fresh_tab.execute("print(client.beta.threads.retrieve(thread.id).object)").strip() == "thread"


@pytest.mark.parametrize("loop", ["while True:\n    pass", "import time\nwhile True:\n    time.sleep(0.01)"])
def test_interrupt_stops_a_cell_that_would_go_on_for_ever(fresh_tab: Tab, loop: str) -> None:
    fresh_tab.visit(LESSON)
    assert "inside this browser tab" in fresh_tab.execute(CLIENT)
    script = f"""
    window.ended = undefined;
    const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({{code: {json.dumps(loop)}}});
    let error = "none";
    future.onIOPub = message => {{ if (message.header.msg_type === "error") error = message.content.evalue; }};
    future.done.then(() => {{ window.ended = error; }});
    true"""
    fresh_tab.run(f"(() => {{ {script.replace('    true', '    return true')} }})()")
    time.sleep(2)
    assert fresh_tab.run("window.ended ?? null") is None
    fresh_tab.run("jupyterapp.commands.execute('notebook:interrupt-kernel').then(() => true)")
    fresh_tab.until("window.ended")
    assert fresh_tab.run("window.ended") == "this cell was stopped, as you asked."
    assert fresh_tab.execute("print(1 + 1)").strip() == "2"


def test_widget_answers_to_a_click(fresh_tab: Tab) -> None:
    fresh_tab.visit(LESSON)
    fresh_tab.idle()
    fresh_tab.run(
        "jupyterapp.shell.currentWidget.content.activeCellIndex = 1, jupyterapp.commands.execute('notebook:run-cell').then(() => true)"
    )
    fresh_tab.until("document.querySelector('.threadlab-w button[data-act=refresh]')")
    status = "document.querySelector('.threadlab-w [data-key=status]').innerText"
    assert fresh_tab.run(status) == ""
    fresh_tab.run("document.querySelector('.threadlab-w button[data-act=refresh]').click(), true")
    fresh_tab.until(f"{status}.includes('0 of {len(checks.SLUGS)} exercises done')")


def test_race_can_be_stepped_through(fresh_tab: Tab) -> None:
    fresh_tab.visit("lessons/04-order-and-races.ipynb")
    fresh_tab.run_all()
    race = "[...document.querySelectorAll('.threadlab-w section')].find(one => one.ariaLabel.startsWith('Race'))"
    fresh_tab.until(race)
    before = fresh_tab.run(f"{race}.innerText")
    fresh_tab.run(f"{race}.scrollIntoView(), {race}.querySelector('button[data-act]:not([aria-disabled])').click(), true")
    fresh_tab.until(f"{race}.innerText !== {json.dumps(before)}")
    fresh_tab.page.picture(ARTIFACTS / "race.png")


@contextlib.contextmanager
def changed(site: Path, folder: Path) -> Iterator[Path]:
    """A copy of the site that can be brought up to date while it is served."""
    shutil.copytree(site, folder)
    yield folder


def bring_up_to_date(site: Path, path: str, sentence: str) -> None:
    """A newer version of one notebook, and so of the whole site."""
    file = site / "files" / path
    notebook = json.loads(file.read_text())
    notebook["cells"][0]["source"] = [sentence]
    file.write_text(json.dumps(notebook))
    course = json.loads((site / "course.json").read_text())
    old = course["version"]
    course["notebooks"][path], course["version"] = "0" * 16, "f" * 16
    (site / "course.json").write_text(json.dumps(course))
    worker = site / "service-worker.js"
    worker.write_text(worker.read_text().replace(old, "f" * 16))


def test_newer_version_is_offered_and_answers_go_into_it(site: Path, tmp_path: Path) -> None:
    with changed(site, tmp_path / "site") as copy, served(copy) as address, tab(address, tmp_path / "profile") as opened:
        opened.visit(EXERCISE)
        write(opened)
        opened.until("navigator.serviceWorker.controller")
        bring_up_to_date(copy, EXERCISE, "# A better text")
        opened.visit(EXERCISE)
        told(opened, "There is a newer version of the course")
        assert "A better text" not in source(opened)
        press(opened, "Take it")
        told(opened, "newer version of 1 notebook that you have changed")
        press(opened, "Show")
        opened.until("document.querySelector('.threads-newer')")
        opened.page.picture(ARTIFACTS / "newer.png")
        press(opened, "Take the chosen ones, keep mine of the others")
        told(opened, "1 notebook is the newest now")
        opened.until(f"{NOTEBOOK}.context.isReady")
        assert "A better text" in source(opened)
        assert MARK in source(opened)
        opened.visit(EXERCISE)
        time.sleep(3)
        assert "newer version" not in said(opened)
        assert opened.asked == []


def test_newer_version_can_be_left(site: Path, tmp_path: Path) -> None:
    with changed(site, tmp_path / "site") as copy, served(copy) as address, tab(address, tmp_path / "profile") as opened:
        opened.visit(LESSON)
        write(opened)
        opened.until("navigator.serviceWorker.controller")
        bring_up_to_date(copy, LESSON, "# A better text")
        opened.visit(LESSON)
        press(opened, "Take it")
        press(opened, "Show")
        opened.until("document.querySelector('.threads-newer input')")
        opened.run("document.querySelector('.threads-newer input').click(), true")
        press(opened, "Take the chosen ones, keep mine of the others")
        opened.until("!document.querySelector('.threads-newer')")
        opened.visit(LESSON)
        time.sleep(3)
        assert "newer version" not in said(opened)
        assert MARK in source(opened)


def test_storage_that_was_cleared_says_so(fresh_tab: Tab) -> None:
    fresh_tab.visit(EXERCISE)
    write(fresh_tab)
    fresh_tab.until("Object.values(localStorage).some(one => one.includes('\"kept\":1'))")
    origin = fresh_tab.run("location.origin")
    fresh_tab.page.open("about:blank")
    fresh_tab.page.call("Storage.clearDataForOrigin", origin=origin, storageTypes="indexeddb")
    fresh_tab.visit(EXERCISE)
    told(fresh_tab, "Your browser has cleared what you had written here (1 notebook)")
    fresh_tab.page.picture(ARTIFACTS / "cleared.png")


def test_second_visit_needs_no_network(site: Path, tmp_path: Path) -> None:
    with contextlib.ExitStack() as server:
        address = server.enter_context(served(site))
        with tab(address, tmp_path / "profile") as opened:
            opened.visit(LESSON)
            opened.idle()
            opened.until("navigator.serviceWorker.controller")
            opened.visit(LESSON)  # what was loaded before the service worker was there
            opened.idle()
            server.close()
            opened.visit(LESSON)
            assert "3.54" in opened.execute("import openai; print(openai.__version__)")


def test_downloaded_work_is_graded_as_it_was_checked_in_the_tab(fresh_tab: Tab, tmp_path: Path) -> None:
    """A learner's way, filmed: open, predict, run, write an exercise until it is green, download; a teacher grades it alike."""
    film = ARTIFACTS / "way"
    fresh_tab.visit(LESSON)
    fresh_tab.page.picture(film / "1-opened.png")
    fresh_tab.idle()
    panel = "jupyterapp.shell.currentWidget.content"
    upto = f"[...{panel}.widgets].findIndex(one => one.model.id === 'commit-status')"
    fresh_tab.run(f"{panel}.activeCellIndex = {upto} + 1, jupyterapp.commands.execute('notebook:run-all-above').then(() => true)")
    choice = "document.querySelector('.threadlab-w input[type=radio][value=B]')"
    fresh_tab.until(f"({panel}.scrollToItem({upto}), {choice})")
    fresh_tab.run(f"{choice}.scrollIntoView({{block: 'center'}}), {choice}.click(), true")
    ready = "document.querySelector('.threadlab-w button[data-act=predict]:not([aria-disabled])')"
    fresh_tab.until(ready)
    fresh_tab.run(f"{ready}.click(), true")
    fresh_tab.until("document.body.innerText.includes('Your prediction: B')")
    fresh_tab.page.picture(film / "2-predicted.png")
    fresh_tab.run_all()
    cells = fresh_tab.cells()
    assert failed(cells) == []
    (run,) = [text_of(cell) for cell in cells if cell["id"] == "run-code"]
    assert "queued" in run
    fresh_tab.run(f"{panel}.scrollToItem({upto}), true")
    fresh_tab.page.picture(film / "3-run.png")
    fresh_tab.open(EXERCISE)
    fresh_tab.run_all()
    (blank,) = [text_of(cell) for cell in fresh_tab.cells() if cell["id"].startswith("check")]
    assert f"first_turn: 0 of {checks.find('first-turn').points} points" in blank
    fresh_tab.page.picture(film / "4-blank.png")
    (answer,) = [cell.source for cell in read(solution("first-turn")).cells if is_solution(cell)]
    script = """
    (text => {
        const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
        cells.find(cell => cell.getMetadata("nbgrader")?.solution).sharedModel.setSource(text);
        return true;
    })"""
    assert fresh_tab.run(f"{script}({json.dumps(answer)})")
    fresh_tab.run_all()
    (green,) = [text_of(cell) for cell in fresh_tab.cells() if cell["id"].startswith("check")]
    assert "[FAIL]" not in green
    fresh_tab.page.picture(film / "5-green.png")
    archive = downloaded(fresh_tab, tmp_path / "work")
    fresh_tab.page.picture(film / "6-downloaded.png")
    course = clone(tmp_path / "course")
    with zipfile.ZipFile(archive) as files:
        hand_in(course, "ada", files.read(EXERCISE))
    command(course, "autograder", "grade", "first-turn", "--trust-submissions")
    (record,) = (course / "autograder" / "work" / "records").rglob("ada*.json")
    assert json.loads(record.read_text())["score"] == checks.find("first-turn").points
    assert f"first_turn: {checks.find('first-turn').points} of" in green


NOTEBOOK = "window.jupyterapp?.shell?.currentWidget"
