"""One warm process for all tests of a file; a machine that has no full sandbox skips them, and says what is missing."""

from collections.abc import Iterator

import pytest

from autograder.execution.client import Session, WorkerClient
from autograder.sandbox import available


@pytest.fixture(scope="module")
def client() -> Iterator[WorkerClient]:
    if not available().complete:
        pytest.skip(available().sentence())
    with WorkerClient() as made:
        yield made


@pytest.fixture
def session(client: WorkerClient) -> Iterator[Session]:
    with client.open() as opened:
        yield opened
