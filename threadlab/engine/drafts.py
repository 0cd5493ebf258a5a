"""How a reply is written: piece by piece. Of a reply that is known, each piece has a time that follows from the text and from when the
writing began and ends; of one that somebody outside writes, the pieces come as its words do."""

LONGEST = 24
"""Characters of a piece at most: some languages have no spaces, and their words are to come bit by bit, too."""


def pieces(text: str) -> list[str]:
    """A text cut where a stream cuts it: before each space, and what is longer than `LONGEST`.

    The pieces of a beginning of the text are those of the text, but for its last one: so it makes no difference for a stream in which
    portions the words came.
    """
    cut: list[str] = []
    for word in text.split(" "):
        piece = word if not cut else " " + word
        if len(piece) <= LONGEST:
            cut.append(piece)
        else:
            cut += [piece[at : at + LONGEST] for at in range(0, len(piece), LONGEST)]
    return [piece for piece in cut if piece]


def piece_times(text: str, start: float, end: float) -> list[float]:
    """When each piece of `text` is written, if writing it takes from `start` to `end`."""
    count = len(pieces(text))
    return [start + (end - start) * (index + 1) / (count + 1) for index in range(count)]


def text_by(text: str, start: float, end: float, now: float) -> str:
    """As much of `text` as has been written by `now`."""
    return "".join(piece for piece, at in zip(pieces(text), piece_times(text, start, end), strict=True) if at <= now)


class Draft:
    """What has come so far of a reply that somebody outside writes. It is in memory alone: after a restart the question is asked again."""

    def __init__(self, message_id: str = "", step_id: str = "") -> None:
        self.message_id, self.step_id = message_id, step_id
        self.text = ""
        """The pieces that have been told."""
        self._held = ""

    def add(self, words: str) -> list[str]:
        """The pieces that these words complete."""
        *ready, self._held = pieces(self._held + words) or [""]
        self.text += "".join(ready)
        return ready

    def rest(self, whole: str) -> list[str]:
        """The pieces of the whole reply that have not been told; none if it turned out to begin otherwise."""
        beginning, self._held = self.text, ""
        self.text = whole
        return pieces(whole[len(beginning) :]) if whole.startswith(beginning) else []
