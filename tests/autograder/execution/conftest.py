"""One warm process for all tests of a file; sessions are each test's own."""

from collections.abc import Iterator

import pytest

from autograder.execution.client import Session, WorkerClient


@pytest.fixture(scope="module")
def client() -> Iterator[WorkerClient]:
    with WorkerClient(trust=True) as made:
        yield made


@pytest.fixture
def session(client: WorkerClient) -> Iterator[Session]:
    with client.open() as opened:
        yield opened
