"""`export` and `import` from a shell: what they say, and what goes wrong as a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from threadlab.errors import ThreadlabError
from threadlab.migrate import carry
from threadlab.migrate import export as exporting

if TYPE_CHECKING:
    from openai import OpenAI


@contextmanager
def _client(base_url: str | None, go_on: str) -> Iterator["OpenAI"]:
    """A client of the service; its errors as ThreadlabError, followed by `go_on`."""
    import warnings

    import openai

    warnings.filterwarnings("ignore", message=".*deprecated", category=DeprecationWarning)
    try:
        with openai.OpenAI(base_url=base_url, max_retries=4) as client:
            yield client
    except openai.APIStatusError as error:
        raise ThreadlabError(f"the service refused: {error.message}{go_on}") from None
    except openai.APIConnectionError as error:
        raise ThreadlabError(f"the service at {error.request.url.copy_with(path='/')} does not answer.{go_on}") from None
    except openai.OpenAIError as error:
        raise ThreadlabError(str(error)) from None


def export(thread_id: str, target: Path | None, base_url: str | None) -> int:
    target = target or Path(f"{thread_id}.jsonl")
    with _client(base_url, "") as client:
        counts = exporting.export(client, thread_id, target)
    print(f"{target}: {_told({f'{name}s' if count > 1 else name: count for name, count in counts.items()})}.")
    return 0


def bring(source: Path, map_path: Path | None, base_url: str | None) -> int:
    map_path = map_path or source.with_name(source.name + ".map")
    with _client(base_url, " The same command goes on from here.") as client:
        result = carry.carry(client, source, map_path)
    print(f"{result.conversation}: {result.items} items, {result.added} of them added now; which became which is in {map_path}.")
    if result.left:
        print(f"Not carried over, because conversations have no place for it: {_told(result.left)}.")
    return 0


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
