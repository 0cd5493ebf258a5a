"""How much memory a submission's processes hold together. The limit on address space is for each process; this one is for all."""

import psutil


def held(first: int, enough: int) -> int:
    """Bytes held by a process and all that came from it. Below `enough`, a quick answer that counts shared pages several times."""
    try:
        root = psutil.Process(first)
        family = [root, *root.children(recursive=True)]
    except (psutil.Error, OSError):
        return 0
    quick = sum(_read(process, "memory_info", "rss") for process in family)
    return quick if quick < enough else sum(_read(process, "memory_full_info", "pss") for process in family)


def _read(process: psutil.Process, method: str, field: str) -> int:
    try:
        return int(getattr(getattr(process, method)(), field))
    except (psutil.Error, OSError):  # it has ended meanwhile
        return 0
