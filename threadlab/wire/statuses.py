"""The statuses in which a run or a response has ended: written once, for the type checker and for the program."""

from typing import Literal, TypeAlias, get_args

RunEnd: TypeAlias = Literal["completed", "failed", "incomplete", "cancelled", "expired"]
ResponseEnd: TypeAlias = Literal["completed", "failed", "incomplete", "cancelled"]

RUN_ENDS: tuple[RunEnd, ...] = get_args(RunEnd)
RESPONSE_ENDS: tuple[ResponseEnd, ...] = get_args(ResponseEnd)
"""A response does not expire."""
