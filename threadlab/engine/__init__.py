"""The Threads service itself, sans I/O: (request, now) → outcome."""

from threadlab.engine.core import Engine
from threadlab.engine.journal import Entry, Journal
from threadlab.engine.wire import Lost, Outcome, Reply, Request, Stream

__all__ = ["Engine", "Entry", "Journal", "Lost", "Outcome", "Reply", "Request", "Stream"]
