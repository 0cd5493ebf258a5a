"""A row as a database keeps it, the same in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from threadlab.store.records import Plan, Row, Stored

COLUMNS = "id, kind, project, parent, seq, run_id, tokens, body, plan"


encode = msgspec.json.encode


_decode_body = msgspec.json.Decoder(Stored).decode


_decode_plan = msgspec.json.Decoder(Plan).decode


def row_of(found: Sequence[Any]) -> Row:
    """A row from its COLUMNS, as a database gives them."""
    object_id, kind, project, parent, seq, run_id, tokens, body, plan = found
    decoded = _decode_plan(plan) if plan is not None else None
    return Row(object_id, kind, project, parent, seq, _decode_body(body), run_id, tokens, decoded)
