"""How a reply is written: piece by piece, each at a time that follows from the text and from when the writing began and ends."""


def pieces(text: str) -> list[str]:
    """A text cut where a stream cuts it: after each run of white space."""
    cut: list[str] = []
    for word in text.split(" "):
        cut.append(word if not cut else " " + word)
    return [piece for piece in cut if piece]


def piece_times(text: str, start: float, end: float) -> list[float]:
    """When each piece of `text` is written, if writing it takes from `start` to `end`."""
    count = len(pieces(text))
    return [start + (end - start) * (index + 1) / (count + 1) for index in range(count)]


def text_by(text: str, start: float, end: float, now: float) -> str:
    """As much of `text` as has been written by `now`."""
    return "".join(piece for piece, at in zip(pieces(text), piece_times(text, start, end), strict=True) if at <= now)
