"""A participant who wants what is not theirs, by plain HTTP against a real server: names, keys, rubbish, and too much of everything."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.autograder.course_copy import clone
from tests.autograder.workshop.server import SLUG, Workshop, act, notebook, number_of, opened

pytestmark = pytest.mark.xdist_group("workshop_hostile")


@pytest.fixture(scope="module")
def workshop(course: Path, edition: Path) -> Iterator[Workshop]:
    with opened(Workshop(course, edition, "--no-grading")) as one:
        yield one


@pytest.fixture(scope="module")
def teacher(workshop: Workshop) -> httpx2.Client:
    return workshop.teacher()


@pytest.fixture(scope="module")
def ada(workshop: Workshop) -> httpx2.Client:
    return workshop.join("Ada")


@pytest.fixture(scope="module")
def eve(workshop: Workshop) -> httpx2.Client:
    return workshop.join("Eve")


@pytest.mark.parametrize("name", ["Ada", "ADA", "a d a", "Ａｄａ", "A.d.a", "Ada\u200b", "\u202eAda"])
def test_name_of_somebody_else_is_refused(workshop: Workshop, ada: httpx2.Client, name: str) -> None:
    reply = workshop.visitor().post("/join", data={"code": workshop.code, "name": name})
    assert reply.status_code == 409
    assert "already" in reply.text
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("name", ["", " ", "…", "\u202e", "🙂", "\x00\x07"])
def test_name_without_a_letter_is_refused(workshop: Workshop, name: str) -> None:
    reply = workshop.visitor().post("/join", data={"code": workshop.code, "name": name})
    assert reply.status_code == 409
    assert "at least one letter" in reply.text


def test_script_in_a_name_is_text_on_the_board(workshop: Workshop, teacher: httpx2.Client) -> None:
    workshop.join("<script>alert(1)</script>")
    workshop.join("'><img src=x onerror=p()>")
    page = teacher.get("/teacher/")
    assert "script alert 1" in page.text
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]


def test_name_that_climbs_stays_in_its_folder(workshop: Workshop) -> None:
    climber = workshop.join("../../../../etc")
    assert climber.post(f"/room/hand-in/{SLUG}", content=notebook(workshop.course, "no_run")).status_code == 202
    assert [path.parent.parent.name for path in (workshop.work / "submitted").glob(f"etc*/{SLUG}/{SLUG}.ipynb")] == ["etc"]


def test_name_of_somebody_who_was_graded_before_gets_another_folder(workshop: Workshop) -> None:
    earlier = workshop.work / "submitted" / "grace" / SLUG / f"{SLUG}.ipynb"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("Grace's own, of the class of last year")
    newcomer = workshop.join("Grace")
    assert newcomer.post(f"/room/hand-in/{SLUG}", content=notebook(workshop.course, "no_run")).status_code == 202
    assert earlier.read_text().startswith("Grace's own")
    assert (workshop.work / "submitted" / "grace-2" / SLUG / f"{SLUG}.ipynb").is_file()


def test_participant_sees_nothing_of_anybody_else(ada: httpx2.Client, eve: httpx2.Client, workshop: Workshop) -> None:
    assert ada.post(f"/room/hand-in/{SLUG}", content=notebook(workshop.course, "step_by_step")).status_code == 202
    assert eve.get("/room/me").json() == {"name": "Eve", "hand": False, "hand_ins": []}
    for path in ("/", "/room/me", "/course/"):
        assert "Ada" not in eve.get(path).text
    for path in ("/teacher/", "/teacher/projector", "/teacher/stream", "/teacher/stream?page=projector"):
        assert eve.get(path).status_code == 403
    assert eve.post("/teacher/act", json={"do": "show", "question": "first-status"}).status_code == 403


def test_projector_shows_nobodys_name(ada: httpx2.Client, teacher: httpx2.Client) -> None:
    ada.post("/room/events", json=[{"kind": "predicted", "question": "first-status", "choice": "A"}])
    act(teacher, "show", question="first-status")
    page = teacher.get("/teacher/projector").text
    assert "What did you predict?" in page
    assert "Ada" not in page
    act(teacher, "hide")
    assert "What did you predict?" not in teacher.get("/teacher/projector").text


def test_giant_hand_in_is_refused_and_nothing_is_written(eve: httpx2.Client, workshop: Workshop) -> None:
    giant = json.dumps({"nbformat": 4, "metadata": {}, "cells": ["x" * 5_000_000]}).encode()

    def in_pieces() -> Iterator[bytes]:
        for at in range(0, len(giant), 65536):
            yield giant[at : at + 65536]

    for content in (giant, in_pieces()):
        with contextlib.suppress(httpx2.WriteError):  # the connection was closed before all of it was sent, which is as good
            assert eve.post(f"/room/hand-in/{SLUG}", content=content).status_code == 413
    assert not (workshop.work / "submitted" / "eve").exists()


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"[]", b"null", b'{"cells": 1}', b"\xff\xfe", b'{"cells": [' + b"[" * 200_000, b'{"nbformat": 4, "cells": []'],
)
def test_hand_in_that_is_no_notebook_is_refused(workshop: Workshop, rubbish: bytes) -> None:
    someone = workshop.join(f"Rubbish {abs(hash(rubbish)) % 10**9}")
    assert someone.post(f"/room/hand-in/{SLUG}", content=rubbish).status_code == 400


def test_hand_in_of_what_the_course_has_not_is_refused(eve: httpx2.Client, workshop: Workshop) -> None:
    for exercise in ("nothing", "..", "%2e%2e%2f%2e%2e%2fgradebook", "first-turn%00"):
        assert eve.post(f"/room/hand-in/{exercise}", content=notebook(workshop.course, "no_run")).status_code == 404


def test_hand_ins_one_after_the_other_are_too_often(workshop: Workshop) -> None:
    hasty = workshop.join("Hasty")
    codes = [hasty.post(f"/room/hand-in/{SLUG}", content=notebook(workshop.course, "no_run")).status_code for _ in range(6)]
    assert codes[:4] == [202] * 4
    assert codes[4:] == [429] * 2


def test_ten_thousand_events_fill_nothing_and_hold_up_nobody(workshop: Workshop, ada: httpx2.Client, teacher: httpx2.Client) -> None:
    flood = workshop.join("Flood")
    paths = ["lessons/00-first-conversation.ipynb", "lessons/01-threads.ipynb"]
    codes = []
    for turn in range(200):
        batch = [{"kind": "opened", "path": paths[number % 2]} for number in range(50)]
        codes.append(flood.post("/room/events", json=batch).status_code)
        if turn == 150:
            assert ada.post("/room/events", json=[{"kind": "here"}]).status_code == 200
    assert {200, 429} == set(codes)
    assert codes.count(200) < 100
    with sqlite3.connect(workshop.work / "room" / "room.db") as database:
        (pages,) = database.execute("pragma page_count").fetchone()
    assert pages * 4096 < 500_000
    assert "Flood" in teacher.get("/teacher/").text


@pytest.mark.parametrize(
    "batch",
    [
        [{"kind": "opened", "path": "../../etc/passwd"}],
        [{"kind": "predicted", "question": "first-status", "choice": "Z"}],
        [{"kind": "checked", "exercise": SLUG, "part": "first_turn", "earned": 999}],
        [{"kind": "checked", "exercise": SLUG, "part": "first_turn", "earned": 1, "lost": ["<script>alert(2)</script>"]}],
    ],
)
def test_event_about_what_the_course_has_not_is_dropped(eve: httpx2.Client, teacher: httpx2.Client, batch: list[object]) -> None:
    before = teacher.get("/teacher/").text.count("alert(2)")
    reply = eve.post("/room/events", json=batch)
    assert (reply.status_code, reply.json()) == (200, {"taken": 0})
    assert teacher.get("/teacher/").text.count("alert(2)") == before == 0


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"{}", b"[[]]", b'[{"kind": "nothing"}]', b'[{"kind": "hand", "up": "yes"}]', b"[" * 30_000, b"\xff", b'[{"kind":"here"},' * 60],
)
def test_events_that_are_none_are_refused(eve: httpx2.Client, rubbish: bytes) -> None:
    assert eve.post("/room/events", content=rubbish).status_code == 400


def test_events_in_a_giant_request_are_refused(eve: httpx2.Client) -> None:
    with contextlib.suppress(httpx2.WriteError):
        assert eve.post("/room/events", content=b" " * 2_000_000).status_code == 413


def test_key_of_somebody_who_was_removed_is_worth_nothing(workshop: Workshop, teacher: httpx2.Client) -> None:
    mallory = workshop.join("Mallory")
    assert mallory.get("/room/me").status_code == 200
    act(teacher, "remove", participant=number_of(teacher, "Mallory"))
    assert mallory.get("/room/me").status_code == 401
    assert mallory.post("/room/events", json=[{"kind": "here"}]).status_code == 401


def test_word_lets_one_person_back_in_once_and_ends_the_old_key(workshop: Workshop, teacher: httpx2.Client) -> None:
    lost = workshop.join("Lin")
    word = act(teacher, "let back", participant=number_of(teacher, "Lin")).split("the word ")[1].split(",")[0]
    stranger = workshop.visitor().post("/join", data={"code": workshop.code, "name": "Ada", "back": word})
    assert stranger.status_code == 409
    again = workshop.join("Lin", back=word.lower())
    assert again.get("/room/me").json()["name"] == "Lin"
    assert lost.get("/room/me").status_code == 401
    second = workshop.visitor().post("/join", data={"code": workshop.code, "name": "Lin", "back": word})
    assert second.status_code == 409


def test_keys_are_kept_as_digests(workshop: Workshop, ada: httpx2.Client) -> None:
    key = ada.cookies["threads_room"]
    files = b"".join(path.read_bytes() for path in (workshop.work / "room").glob("room.db*"))
    assert b"Ada" in files
    assert key.encode() not in files


def test_made_up_and_changed_keys_are_refused(workshop: Workshop, ada: httpx2.Client) -> None:
    key = ada.cookies["threads_room"]
    for other in ("", "x", key[:-1], key + "A", key.swapcase(), "A" * 43, "A" * 5000, "' or 1=1 --" * 3):
        assert httpx2.get(f"{workshop.address}/room/me", headers={"cookie": f"threads_room={other}"}, trust_env=False).status_code == 401


def test_cookies_are_for_nobodys_script_and_no_other_site(workshop: Workshop) -> None:
    visitor = workshop.visitor()
    for reply in (
        visitor.post("/join", data={"code": workshop.code, "name": "Cookie"}),
        visitor.get(workshop.board),
    ):
        assert "HttpOnly" in reply.headers["set-cookie"]
        assert "SameSite=strict" in reply.headers["set-cookie"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_sites_page_changes_nothing(teacher: httpx2.Client, ada: httpx2.Client, origin: str) -> None:
    headers = {"origin": origin}
    assert teacher.post("/teacher/act", json={"do": "new code"}, headers=headers).status_code == 403
    assert ada.post("/room/events", json=[{"kind": "hand", "up": True}], headers=headers).status_code == 403


def test_teachers_key_cannot_be_guessed(workshop: Workshop) -> None:
    visitor = workshop.visitor()
    codes = [visitor.get(f"/teacher/?key={number:043}").status_code for number in range(30)]
    assert codes[0] == 403
    assert 429 in codes


@pytest.mark.parametrize(
    "path", ["/pages/board.html.j2", "/pages/../app.py", "/course/../../room.db", "/course/%2e%2e/%2e%2e/room.db", "/nowhere"]
)
def test_file_that_is_for_nobody_is_not_there(eve: httpx2.Client, path: str) -> None:
    assert eve.get(path).status_code == 404


def test_nobody_joins_with_a_wrong_code_or_when_joining_is_closed(edition: Path, tmp_path: Path) -> None:
    with opened(Workshop(clone(tmp_path / "course"), edition, "--no-grading")) as other:
        assert other.join("Right").get("/room/me").status_code == 200
        teacher, visitor = other.teacher(), other.visitor()
        act(teacher, "close")
        assert visitor.post("/join", data={"code": other.code, "name": "Late"}).status_code == 409
        act(teacher, "open")
        act(teacher, "new code")
        assert visitor.post("/join", data={"code": other.code, "name": "Late"}).status_code == 403
        codes = [visitor.post("/join", data={"code": f"AAAA{number:02}", "name": "Guess"}).status_code for number in range(30)]
        assert codes[:9] == [403] * 9
        assert codes.count(429) >= 15
        new = teacher.get("/teacher/").text.split('<strong class="code">')[1].split("<")[0]
        assert visitor.post("/join", data={"code": new, "name": "Late"}).status_code == 200  # guesses of others hold up nobody


def test_silent_connections_keep_nobody_out(workshop: Workshop, ada: httpx2.Client) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", workshop.port)))
            connection.sendall(b"POST /room/events HTTP/1.1\r\nHost: x\r\n")
        assert ada.get("/room/me").status_code == 200
