"""The errors that people see, as opposed to those that go over the wire (`threadlab.wire.errors`)."""


class ThreadlabError(Exception):
    """Something a person has to know or do. Its text is a whole sentence, fit to be shown without a traceback."""


class StoreBusy(ThreadlabError):
    """Another process has the store open."""


class StoreBroken(ThreadlabError):
    """The file is not a store, or cannot be read or written."""
