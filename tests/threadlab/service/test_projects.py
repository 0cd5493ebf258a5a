"""Projects and their keys, in real servers."""

import json
import signal
from pathlib import Path

import openai
import pytest

from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import Home
from threadlab.service.in_process import Service
from threadlab.service.keys import keys_of

from .test_cli import ask, serving
from .test_sdk import no_proxy

__all__ = ["no_proxy"]
pytestmark = pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")
LISTED = "sk-blue-0123456789abcdef"


def client(port: int, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0)


def test_project_sees_its_own_objects_only(home: Home, tmp_path: Path) -> None:
    listed = tmp_path / "keys"
    listed.write_text(f"# our teams\nblue {LISTED}  # and a remark\n\n")
    with serving("--store", ":memory:", "--project", "red", "--keys", str(listed)) as (_, port):
        keys = [home.key_file.read_text().strip(), home.key_file.with_name("key-red").read_text().strip(), LISTED]
        made = []
        for key in keys:
            with client(port, key) as sdk:
                sdk.beta.assistants.create(model="gpt-4o", name=key[-4:])
                made.append(sdk.beta.threads.create().id)
        for key, own in zip(keys, made, strict=True):
            with client(port, key) as sdk:
                assert [one.name for one in sdk.beta.assistants.list().data] == [key[-4:]]
                assert sdk.beta.threads.retrieve(own).id == own
                for other in set(made) - {own}:
                    with pytest.raises(openai.NotFoundError):
                        sdk.beta.threads.retrieve(other)
        with client(port, "sk-red-0123456789abcdef") as sdk, pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
            sdk.beta.threads.create()
    assert home.key_file.with_name("key-red").stat().st_mode & 0o077 == 0


def test_project_cannot_end_the_server(home: Home) -> None:
    with serving("--store", ":memory:", "--project", "red") as (_, port):
        red = home.key_file.with_name("key-red").read_text().strip()
        assert ask(port, "/threadlab/health", red) == 401


def test_project_keeps_its_key(home: Home) -> None:
    assert keys_of(home.ready().key_file, ["red", "red"]) == keys_of(home.key_file, ["red"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"blue {LISTED} extra", "Line 1 of the keys file"),
        ("blue", "Line 1 of the keys file"),
        (f"\nblue {LISTED[3:]}", "Line 2 of the keys file"),
        (f"../blue {LISTED}", "Line 1 of the keys file"),
        (f"blue {LISTED}\nred {LISTED}", "projects blue and red the same key"),
        (None, "cannot be read"),
    ],
)
def test_wrong_keys_file_is_a_sentence_without_the_key(home: Home, tmp_path: Path, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "keys").write_text(content)
    with pytest.raises(ThreadlabError, match=sentence) as caught:
        keys_of(home.ready().key_file, (), tmp_path / "keys")
    assert LISTED[3:] not in str(caught.value)


@pytest.mark.parametrize("name", ["../red", "", "-", "a b", "x" * 65])
def test_project_name_cannot_leave_the_folder(home: Home, name: str) -> None:
    with pytest.raises(ThreadlabError, match="cannot be the name of a project"):
        keys_of(home.ready().key_file, [name])


def test_key_is_not_in_what_the_server_says(home: Home) -> None:
    """The log, the JSON log, the status page and the greeting, with the key where it should not be, too."""
    with serving("--store", ":memory:", "--project", "red", "--json-log") as (process, port):
        own, red = home.key_file.read_text().strip(), home.key_file.with_name("key-red").read_text().strip()
        for key in (own, red):
            spelt = "".join(f"%{ord(letter):02x}" for letter in key)
            for path in (f"/v1/threads/{key}", f"/v1/threads/{spelt}", f"/v1/{key}?key={key}", "/v1/assistants"):
                ask(port, path, key)
            ask(port, "/v1/assistants", key[:-1] + "x")
        with client(port, own) as sdk:
            page = sdk._client.get(f"http://127.0.0.1:{port}/").text
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert out.count("\n") == 11
    for key in (own, red):
        assert key not in out + err + page
        assert key[len("sk-threadlab-") :] not in out + err + page
        assert all(key[13:] not in json.loads(line)["path"] for line in out.splitlines())


def test_key_is_not_in_the_journal() -> None:
    key = "sk-threadlab-0123456789abcdef"
    with Service(keys={key: "default"}) as service:
        sdk = service.client(max_retries=0)
        thread = sdk.beta.threads.create()
        sdk.beta.threads.messages.create(thread.id, role="user", content="Hello")
        with pytest.raises(openai.AuthenticationError):
            service.client(api_key=key[:-1] + "x", max_retries=0).beta.threads.create()
        journal = repr(list(service.journal)) + service.journal.text()
    assert key not in journal
    assert key[:-1] + "x" not in journal
