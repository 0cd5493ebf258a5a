"""The room over HTTP: who is asked for what, and what everybody may see of it.

Three kinds of addresses. `/` and `/course/` are for everybody in the network: the join page, and the browser edition. `/room/` is for those
who have joined, each with a key of their own, and says nothing about anybody else. `/teacher/` is for whoever has the teacher's key.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from autograder.workshop import addresses, messages, names
from autograder.workshop.board import PAGES, Board, board, projected, sections
from autograder.workshop.course_files import CourseFiles
from autograder.workshop.grading import Grading
from autograder.workshop.limits import MOST_EVENTS, MOST_FORM, MOST_NOTEBOOK, Allowance, body, too_often
from autograder.workshop.live import TEACHER, Live
from autograder.workshop.store import NotLetIn, Participant, Store
from courseware.catalogue import SLUGS
from courseware.predictions import QUESTIONS
from threadlab.html_page import template

PARTICIPANT_COOKIE, TEACHER_COOKIE = "threads_room", "threads_teacher"
MONTH = 30 * 86400
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGES_AT_ONCE = 6
"""Open pages of one participant that are told what happens."""
PING = 15
"""Seconds between two signs of life to a page that has nothing to be told."""


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button of the board."""

    do: str
    participant: int = 0
    question: str = ""


class Room:
    """The workshop's server. `grade`: off where hand-ins are only collected, as in a test of something else."""

    def __init__(
        self,
        store: Store,
        live: Live,
        grading: Grading,
        edition: Path,
        teacher_key: str,
        address: str,
        *,
        grade: bool = True,
        secure: bool = False,
        packed: Path | None = None,
    ) -> None:
        self.store, self.live, self.grading, self.address, self.secure = store, live, grading, address, secure
        self._grade, self._teacher = grade, names.digest(teacher_key)
        self._events, self._hand_ins = Allowance(60, 2.0), Allowance(4, 0.1)
        self._joins, self._wrong, self._wrong_of_all = Allowance(80, 2.0), Allowance(10, 0.2), Allowance(200, 2.0)
        self._keys = Allowance(20, 1.0)
        self._board: tuple[float, Board] | None = None
        course = Mount("/course", CourseFiles(edition, packed))
        pages = Mount("/pages", _Plain(StaticFiles(directory=PAGES)))
        self.app = Starlette(
            routes=[
                Route("/", self.front),
                Route("/join", self.join, methods=["POST"]),
                Route("/room/me", self.me),
                Route("/room/stream", self.stream),
                Route("/room/events", self.events, methods=["POST"]),
                Route("/room/hand-in/{exercise}", self.hand_in, methods=["POST"]),
                Route("/teacher/", self.teacher),
                Route("/teacher/projector", self.projector),
                Route("/teacher/stream", self.teacher_stream),
                Route("/teacher/act", self.act, methods=["POST"]),
                course,
                pages,
            ],
            middleware=[Middleware(Guard)],
            exception_handlers={HTTPException: _refused},
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        if self._grade:
            self.grading.start()
        yield
        await self.grading.stop()

    # ---- coming in

    async def front(self, request: Request) -> Response:
        """The join page; for somebody who is in already, the course."""
        someone = self._known(request)
        if someone is not None:
            return self._in(someone)
        return self._join_page(request.query_params.get("code", ""), "", "")

    def _join_page(self, code: str, name: str, problem: str, status: int = 200) -> Response:
        page = template(PAGES / "join.html.j2").render(code=names.typed(code)[:12], name=name[: names.LONGEST], problem=problem)
        return HTMLResponse(page, status)

    def _in(self, someone: Participant) -> Response:
        return HTMLResponse(template(PAGES / "in.html.j2").render(name=someone.name))

    async def join(self, request: Request) -> Response:
        now, where = time.monotonic(), _client(request)
        if wait := self._joins.take(where, now):
            raise too_often(wait)
        form = parse_qs((await body(request, MOST_FORM)).decode("utf-8", "replace"), max_num_fields=10)
        code, name, back = (form.get(field, [""])[0] for field in ("code", "name", "back"))
        if not secrets.compare_digest(names.typed(code), self.store.code):
            if wait := max(self._wrong.take(where, now), self._wrong_of_all.take("", now)):
                raise too_often(wait)
            return self._join_page("", name, "This is not the code on the wall. Look again: it has six letters and digits.", 403)
        if back and (wait := max(self._wrong.take(where, now), self._wrong_of_all.take("", now))):
            raise too_often(wait)
        try:
            someone, key = self.store.join(name, back)
        except NotLetIn as problem:
            return self._join_page(code, name, str(problem), 409)
        self.live.announce()
        response = self._in(someone)
        self._cookie(response, PARTICIPANT_COOKIE, key, "/")
        return response

    def _cookie(self, response: Response, name: str, key: str, path: str) -> None:
        response.set_cookie(name, key, max_age=MONTH, path=path, httponly=True, samesite="strict", secure=self.secure)

    # ---- those who have joined

    def _known(self, request: Request) -> Participant | None:
        return self.store.by_key(request.cookies.get(PARTICIPANT_COOKIE, ""))

    def _someone(self, request: Request) -> Participant:
        someone = self._known(request)
        if someone is None:
            raise HTTPException(401, "Join the workshop first: its first page asks for the code.")
        return someone

    def _state(self, someone: Participant) -> dict[str, Any]:
        """All that somebody's own tab shows."""
        hand_ins = [
            {"exercise": one.exercise, "number": one.number, "state": one.state, "score": one.score, "of": one.of, "text": one.text}
            for one in self.store.hand_ins(someone.id)
        ]
        return {"name": someone.name, "hand": someone.hand is not None, "hand_ins": hand_ins}

    async def me(self, request: Request) -> Response:
        return JSONResponse(self._state(self._someone(request)))

    async def stream(self, request: Request) -> Response:
        someone, key = self._someone(request), request.cookies[PARTICIPANT_COOKIE]
        if self.live.present(someone.id) >= PAGES_AT_ONCE:
            raise HTTPException(429, "This workshop is open in too many tabs.")

        def look() -> str | None:
            now = self.store.by_key(key)
            return None if now is None else msgspec.json.encode(self._state(now)).decode()

        return self._told(someone.id, look)

    def _told(self, who: int, look: Callable[[], str | None]) -> Response:
        async def changes() -> AsyncIterator[ServerSentEvent]:
            async for text in self.live.changes(who, look):
                yield ServerSentEvent(text)

        return EventSourceResponse(changes(), ping=PING, headers={"Cache-Control": "no-store"}, send_timeout=30)

    async def events(self, request: Request) -> Response:
        someone = self._someone(request)
        if wait := self._events.take(someone.id, time.monotonic()):
            raise too_often(wait)
        try:
            read = messages.read(await body(request, MOST_EVENTS))
        except ValueError:
            raise HTTPException(400, "These are not messages that the course knows.") from None
        if read:
            self.store.take(someone, read)
            self.live.announce(*([someone.id] if any(isinstance(one, messages.Hand) for one in read) else []))
        return JSONResponse({"taken": len(read)})

    async def hand_in(self, request: Request) -> Response:
        someone, exercise = self._someone(request), request.path_params["exercise"]
        if exercise not in SLUGS:
            raise HTTPException(404, "The course has no such exercise.")
        if wait := self._hand_ins.take(someone.id, time.monotonic()):
            raise too_often(wait)
        notebook = await body(request, MOST_NOTEBOOK)
        try:
            msgspec.json.decode(notebook, type=_Notebook)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise HTTPException(400, "This is not a notebook.") from None
        submission = self.grading.hand_in(someone, exercise, notebook)
        self.live.announce(someone.id)
        return JSONResponse({"number": submission.number}, 202)

    # ---- the teacher

    def _is_teacher(self, request: Request) -> bool:
        return secrets.compare_digest(names.digest(request.cookies.get(TEACHER_COOKIE, "")), self._teacher)

    def _only_teacher(self, request: Request) -> None:
        if not self._is_teacher(request):
            raise HTTPException(403, "This page is the teacher's. Its address, with the key, stands in the terminal.")

    async def teacher(self, request: Request) -> Response:
        """The board. The key comes in the address once, and goes from there into a cookie: what is in an address can be read off a wall."""
        if (key := request.query_params.get("key")) is not None:
            if wait := self._keys.take(_client(request), time.monotonic()):
                raise too_often(wait)
            if not secrets.compare_digest(names.digest(key), self._teacher):
                raise HTTPException(403, "This is not the teacher's key. It stands in the terminal.")
            response = RedirectResponse("/teacher/", 303)
            self._cookie(response, TEACHER_COOKIE, key, "/teacher")
            return response
        self._only_teacher(request)
        now = self._now(fresh=True)
        return HTMLResponse(template(PAGES / "board.html.j2").render(sections=_marked(sections(now)), board=now))

    async def projector(self, request: Request) -> Response:
        self._only_teacher(request)
        picture = addresses.qr(f"{self.address}/?code={self.store.code}")
        now = self._now(fresh=True)
        return HTMLResponse(template(PAGES / "projector.html.j2").render(sections=_marked(projected(now)), board=now, qr=picture))

    async def teacher_stream(self, request: Request) -> Response:
        self._only_teacher(request)
        if self.live.present(TEACHER) >= 12:
            raise HTTPException(429, "The board is open in too many tabs.")
        shape = projected if request.query_params.get("page") == "projector" else sections
        return self._told(TEACHER, lambda: msgspec.json.encode(shape(self._now())).decode())

    def _now(self, fresh: bool = False) -> Board:
        """How things stand; looked up once for several pages that ask at the same moment."""
        now = time.monotonic()
        if fresh or self._board is None or now - self._board[0] > 0.1:
            self._board = now, board(self.store, self.live, self.grading.state, self.address)
        return self._board[1]

    async def act(self, request: Request) -> Response:
        self._only_teacher(request)
        try:
            act = msgspec.json.decode(await body(request, MOST_FORM), type=Act)
        except msgspec.MsgspecError:
            raise HTTPException(400, "The board has no such button.") from None
        actions: dict[str, Callable[[Act], str]] = {
            "lower": self._lower,
            "let back": self._let_back,
            "remove": self._remove,
            "show": self._show,
            "answer": self._answer,
            "hide": self._hide,
            "open": lambda act: self._opens(True),
            "close": lambda act: self._opens(False),
            "new code": self._new_code,
        }
        if act.do not in actions:
            raise HTTPException(400, "The board has no such button.")
        answer = actions[act.do](act)
        self._board = None
        self.live.announce(*([act.participant] if act.participant else []))
        return JSONResponse({"said": answer})

    def _name(self, participant: int) -> str:
        return next((one.name for one in self.store.participants() if one.id == participant), "Somebody")

    def _lower(self, act: Act) -> str:
        self.store.lower(act.participant)
        return f"{self._name(act.participant)}’s hand is down."

    def _let_back(self, act: Act) -> str:
        word = self.store.let_back(act.participant)
        return f"{self._name(act.participant)} comes in again with the word {word}, once."

    def _remove(self, act: Act) -> str:
        name = self._name(act.participant)
        self.store.remove(act.participant)
        return f"{name} is out of the room. What was handed in stays in the class’s folder."

    def _show(self, act: Act) -> str:
        if act.question in QUESTIONS:  # one at a time: the projector has one place
            self.store.put("shown", act.question)
            self.store.put("answered", "")
        return "The predictions are on the projector."

    def _answer(self, act: Act) -> str:
        if act.question in self.store.shown:
            self.store.put("answered", act.question)
        return "The right answer is marked on the projector."

    def _hide(self, act: Act) -> str:
        self.store.put("shown", "")
        self.store.put("answered", "")
        return "The projector shows how to join."

    def _opens(self, is_open: bool) -> str:
        self.store.put("open", "yes" if is_open else "no")
        return "Everybody with the code can join." if is_open else "Nobody else can join."

    def _new_code(self, act: Act) -> str:
        self.store.put("code", names.code())
        return "There is a new join code. Those who are in stay in. Load the projector’s page again."


class _Notebook(msgspec.Struct):
    """As much of a notebook as is looked at before it is written; grading looks at the rest."""

    cells: list[msgspec.Raw]
    nbformat: int
    metadata: dict[str, msgspec.Raw] = {}


def _marked(parts: dict[str, str]) -> dict[str, Any]:
    from markupsafe import Markup

    return {name: Markup(text) for name, text in parts.items()}  # noqa: S704 - made by templates, which have escaped it


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if "text/html" in request.headers.get("accept", ""):
        page = template(PAGES / "refused.html.j2").render(sentence=error.detail)
        return HTMLResponse(page, error.status_code, error.headers)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """What holds for every request: another site's pages may change nothing here, and our pages run no script but ours."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        origin = request.headers.get("origin")
        if scope["method"] not in ("GET", "HEAD") and origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            response = JSONResponse({"error": "Another site’s page may not do this."}, 403)
            return await response(scope, receive, send)
        ours = not scope["path"].startswith("/course/")

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                if ours:
                    headers["Content-Security-Policy"] = POLICY
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sent)


class _Plain:
    """Our scripts and styles, and none of the templates beside them."""

    def __init__(self, files: StaticFiles) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].endswith((".js", ".css")):
            raise HTTPException(404)
        await self._files(scope, receive, send)
