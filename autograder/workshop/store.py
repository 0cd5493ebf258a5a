"""What the room remembers, in one SQLite file: who is there, what they are at, what they have handed in.

Only the server's process writes it. Of a participant the newest state is kept and no history, so that nobody can fill the disk with
messages; keys are kept as digests. A commit is in the log before it is answered, so that a server that is killed has lost nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, create_engine, delete, event, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection, Row

from autograder.workshop import names
from autograder.workshop.messages import Checked, Hand, Message, Opened, Predicted

_tables = MetaData()
PARTICIPANT = Table(
    "participant",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("plain", String, nullable=False, unique=True),
    Column("folder", String, nullable=False, unique=True),
    Column("key", String, nullable=False, unique=True),
    Column("back", String, nullable=False, default=""),
    Column("joined", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("path", String, nullable=False, default=""),
    Column("hand", Float, nullable=True),
)
CHECKED = Table(
    "checked",
    _tables,
    Column("participant", Integer, primary_key=True),
    Column("exercise", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("earned", Integer, nullable=False),
    Column("lost", String, nullable=False),
    Column("written", Boolean, nullable=False),
    Column("at", Float, nullable=False),
)
PREDICTED = Table(
    "predicted",
    _tables,
    Column("participant", Integer, primary_key=True),
    Column("question", String, primary_key=True),
    Column("choice", String, nullable=False),
    Column("at", Float, nullable=False),
)
HANDED_IN = Table(
    "handed_in",
    _tables,
    Column("participant", Integer, primary_key=True),
    Column("exercise", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("score", Float, nullable=False, default=0.0),
    Column("of", Float, nullable=False, default=0.0),
    Column("text", String, nullable=False, default=""),
    Column("at", Float, nullable=False),
)
FOLDER = Table("folder", _tables, Column("name", String, primary_key=True))
"""Every folder that was ever given to somebody, so that everything can be forgotten."""
SETTING = Table("setting", _tables, Column("name", String, primary_key=True), Column("value", String, nullable=False))

MOST_PARTICIPANTS = 300
WAITING, GRADED, FAILED = "waiting", "graded", "failed"


class Participant(NamedTuple):
    """Somebody in the room."""

    id: int
    name: str
    folder: str
    """The name that hand-ins, gradebook and report have for this person."""
    joined: float
    seen: float
    path: str
    hand: float | None


class Result(NamedTuple):
    """What somebody's tab said about the check of one part."""

    participant: int
    exercise: str
    part: str
    earned: int
    lost: list[str]
    written: bool
    at: float


class HandIn(NamedTuple):
    """One person's newest notebook of one exercise."""

    participant: int
    exercise: str
    number: int
    """How many times this person has handed it in."""
    state: str
    score: float
    of: float
    text: str
    at: float


class NotLetIn(Exception):
    """Somebody cannot join. The text is a sentence for this person."""


class Store:
    """`taken` says whether a folder's name belongs to somebody who is not of this room."""

    def __init__(self, file: Path, taken: Callable[[str], bool] = lambda folder: False, clock: Callable[[], float] = time.time) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{file}")
        self._taken, self._clock = taken, clock
        event.listen(self._engine, "connect", _settings)
        with self._engine.begin() as connection:
            _tables.create_all(connection)
        os.chmod(file, 0o600)

    def close(self) -> None:
        self._engine.dispose()

    # ---- settings

    def setting(self, name: str, default: Callable[[], str]) -> str:
        """A setting; made and remembered when it is asked for the first time."""
        with self._engine.begin() as connection:
            value_found = connection.execute(select(SETTING.c.value).where(SETTING.c.name == name)).scalar()
            if value_found is None:
                connection.execute(SETTING.insert().values(name=name, value=(value_found := default())))
            return str(value_found)

    def put(self, name: str, value: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(_upsert(SETTING, ("name",), {"name": name, "value": value}))

    @property
    def code(self) -> str:
        """The join code."""
        return self.setting("code", names.code)

    @property
    def is_open(self) -> bool:
        """Whether more people may join."""
        return self.setting("open", lambda: "yes") == "yes"

    @property
    def shown(self) -> list[str]:
        """The questions whose predictions everybody may see, the newest last."""
        return [one for one in self.setting("shown", str).split(",") if one]

    @property
    def answered(self) -> list[str]:
        """Those of them whose right answer is shown, too."""
        return [one for one in self.setting("answered", str).split(",") if one]

    # ---- who is there

    def join(self, name: str, back: str = "") -> tuple[Participant, str]:
        """Let somebody in; returns the new key. `back`: the word with which the teacher lets this very person in again. Raises NotLetIn."""
        cleaned = names.cleaned(name)
        if not cleaned:
            raise NotLetIn("A nickname needs at least one letter or digit.")
        if back:
            return self._again(cleaned, back)
        if not self.is_open:
            raise NotLetIn("The workshop is closed to new participants. Ask your teacher.")
        key, now = names.key(), self._clock()
        with self._engine.begin() as connection:
            there = set(connection.execute(select(PARTICIPANT.c.plain)).scalars())
            used = set(connection.execute(select(FOLDER.c.name)).scalars())
            if len(there) >= MOST_PARTICIPANTS:
                raise NotLetIn("The room is full. Ask your teacher.")
            if names.plain(cleaned) in there:
                raise NotLetIn(
                    f"The nickname {cleaned} is taken already. Choose another one; if this is you, ask your teacher to let you in again."
                )
            row = {"name": cleaned, "plain": names.plain(cleaned), "folder": self._folder(cleaned, used)}
            connection.execute(FOLDER.insert().values(name=row["folder"]))
            inserted = connection.execute(PARTICIPANT.insert().values(**row, key=names.digest(key), joined=now, seen=now))
            assert inserted.inserted_primary_key is not None
            return Participant(inserted.inserted_primary_key[0], cleaned, row["folder"], now, now, "", None), key

    def _folder(self, name: str, used: set[str]) -> str:
        first = names.folder(name)
        for number in range(1, MOST_PARTICIPANTS + 1000):
            result = first if number == 1 else f"{first}-{number}"
            if result not in used and not self._taken(result):
                return result
        raise NotLetIn("Choose another nickname.")

    def _again(self, name: str, back: str) -> tuple[Participant, str]:
        key = names.key()
        with self._engine.begin() as connection:
            whose = (PARTICIPANT.c.plain == names.plain(name)) & (PARTICIPANT.c.back == names.digest(names.typed(back)))
            done = connection.execute(update(PARTICIPANT).where(whose).values(key=names.digest(key), back=""))
            if done.rowcount != 1:
                raise NotLetIn("The nickname and the word do not match. Ask your teacher for a new word.")
        participant = self.by_key(key)
        assert participant is not None
        return participant, key

    def let_back(self, participant: int) -> str:
        """A word with which one participant can come in again, once; the key that was lost ends with it."""
        word = names.code(8)
        with self._engine.begin() as connection:
            connection.execute(update(PARTICIPANT).where(PARTICIPANT.c.id == participant).values(back=names.digest(word)))
        return word

    def by_key(self, key: str) -> Participant | None:
        """Whose key this is."""
        if not 20 <= len(key) <= 100:
            return None
        with self._engine.connect() as connection:
            row = connection.execute(select(PARTICIPANT).where(PARTICIPANT.c.key == names.digest(key))).first()
        return None if row is None else _participant(row)

    def participants(self) -> list[Participant]:
        """Everybody, in the order of their names."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(PARTICIPANT).order_by(PARTICIPANT.c.plain)).all()
        return [_participant(row) for row in rows]

    def everybody_ever(self) -> list[str]:
        """The folders of all who have ever joined, those who were removed among them."""
        with self._engine.connect() as connection:
            return list(connection.execute(select(FOLDER.c.name).order_by(FOLDER.c.name)).scalars())

    def remove(self, participant: int) -> None:
        """Somebody's key, and all that the room knows of this person. What was handed in stays, as of everybody."""
        with self._engine.begin() as connection:
            for table in (CHECKED, PREDICTED, HANDED_IN):
                connection.execute(delete(table).where(table.c.participant == participant))
            connection.execute(delete(PARTICIPANT).where(PARTICIPANT.c.id == participant))

    # ---- what they are at

    def take(self, participant: Participant, messages: Iterable[Message]) -> None:
        """Remember what somebody's tab said, all of it or nothing."""
        now = self._clock()
        with self._engine.begin() as connection:
            here: dict[str, Any] = {"seen": now}
            for one in messages:
                if isinstance(one, Opened):
                    here["path"] = one.path
                elif isinstance(one, Hand):
                    here["hand"] = (participant.hand or now) if one.up else None
                elif isinstance(one, Checked):
                    self._checked(connection, participant.id, one, now)
                elif isinstance(one, Predicted):
                    row = {"participant": participant.id, "question": one.question, "choice": one.choice, "at": now}
                    connection.execute(_upsert(PREDICTED, ("participant", "question"), row))
            connection.execute(update(PARTICIPANT).where(PARTICIPANT.c.id == participant.id).values(**here))

    def _checked(self, connection: Connection, participant: int, one: Checked, now: float) -> None:
        row = {
            "participant": participant,
            "exercise": one.exercise,
            "part": one.part,
            "earned": one.earned,
            "lost": json.dumps(one.lost),
            "written": one.written,
            "at": now,
        }
        connection.execute(_upsert(CHECKED, ("participant", "exercise", "part"), row))

    def lower(self, participant: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(PARTICIPANT).where(PARTICIPANT.c.id == participant).values(hand=None))

    def results(self) -> list[Result]:
        """The newest check of each part of each participant."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(CHECKED)).all()
        return [Result(row.participant, row.exercise, row.part, row.earned, json.loads(row.lost), row.written, row.at) for row in rows]

    def predictions(self) -> dict[str, dict[str, int]]:
        """How many have chosen which letter, by question."""
        counts: dict[str, dict[str, int]] = {}
        with self._engine.connect() as connection:
            for question, choice in connection.execute(select(PREDICTED.c.question, PREDICTED.c.choice)):
                counts.setdefault(question, {})[choice] = counts.get(question, {}).get(choice, 0) + 1
        return counts

    # ---- what they hand in

    def handed_in(self, participant: int, exercise: str) -> HandIn:
        """Remember that a notebook lies in the class's folder and waits; the one before it no longer counts."""
        with self._engine.begin() as connection:
            whose = (HANDED_IN.c.participant == participant) & (HANDED_IN.c.exercise == exercise)
            before = connection.execute(select(HANDED_IN.c.number).where(whose)).scalar() or 0
            result = HandIn(participant, exercise, before + 1, WAITING, 0.0, 0.0, "", self._clock())
            connection.execute(_upsert(HANDED_IN, ("participant", "exercise"), result._asdict()))
        return result

    def graded(self, participant: int, exercise: str, number: int, state: str, score: float, of: float, text: str) -> bool:
        """Keep what came of a hand-in, unless a newer one has come since."""
        which = (HANDED_IN.c.participant == participant) & (HANDED_IN.c.exercise == exercise) & (HANDED_IN.c.number == number)
        with self._engine.begin() as connection:
            return connection.execute(update(HANDED_IN).where(which).values(state=state, score=score, of=of, text=text)).rowcount == 1

    def hand_ins(self, participant: int | None = None) -> list[HandIn]:
        """The newest hand-ins, of one participant or of everybody, the oldest first."""
        query = select(HANDED_IN).order_by(HANDED_IN.c.at)
        with self._engine.connect() as connection:
            rows = connection.execute(query if participant is None else query.where(HANDED_IN.c.participant == participant)).all()
        return [HandIn(*row) for row in rows]


def _participant(row: Row[Any]) -> Participant:
    return Participant(row.id, row.name, row.folder, row.joined, row.seen, row.path, row.hand)


def _upsert(table: Table, key: tuple[str, ...], row: dict[str, Any]) -> Any:
    rest = {name: value for name, value in row.items() if name not in key}
    return insert(table).values(**row).on_conflict_do_update(index_elements=list(key), set_=rest)


def _settings(connection: Any, _: Any) -> None:
    """What is committed survives the end of the process; of a power cut the last moment may be lost, and nothing else."""
    for line in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")
