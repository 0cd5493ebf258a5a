"""The Threads service itself, sans I/O: (request, now) → outcome."""

from threadlab.engine.engine import Engine
from threadlab.engine.journal import Entry, Journal
from threadlab.wire.exchange import Lost, Outcome, Reply, Request, Stream

__all__ = ["Engine", "Entry", "Journal", "Lost", "Outcome", "Reply", "Request", "Stream"]
