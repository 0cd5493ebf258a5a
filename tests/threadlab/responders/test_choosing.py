"""Which responder is chosen, and which must not be."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from threadlab.errors import ThreadlabError
from threadlab.service.responder_options import Choice, chosen, keep_key, refuse_self, remote

KEY = "sk-secret-0123456789abcdef"


def options(**given: str) -> Namespace:
    return Namespace(**{f"responder_{name}" if name != "name" else "responder": value for name, value in given.items()})


def test_option_wins_over_the_environment() -> None:
    assert chosen(options(), {}) == Choice("scripted")
    assert chosen(options(), {"THREADLAB_RESPONDER": "echo"}) == Choice("echo")
    assert chosen(options(name="scripted"), {"THREADLAB_RESPONDER": "echo"}) == Choice("scripted")


def test_key_of_the_service_is_sent_to_no_endpoint() -> None:
    """In a notebook OPENAI_API_KEY is the service's own; and a real one is for the endpoint that it belongs to alone."""
    with pytest.raises(ThreadlabError, match="THREADLAB_RESPONDER_KEY"):
        chosen(options(name="hosted"), {"OPENAI_API_KEY": "sk-threadlab-0123"})
    assert chosen(options(name="hosted"), {"OPENAI_API_KEY": KEY}).key == KEY
    assert chosen(options(name="hosted", url="http://127.0.0.1:8080/v1"), {"OPENAI_API_KEY": KEY}).key == ""
    with pytest.raises(ThreadlabError, match="unencrypted"):
        chosen(options(name="hosted", url="http://192.0.2.1/v1"), {"THREADLAB_RESPONDER_KEY": KEY})


def test_own_key_is_kept_when_a_notebook_is_loaded_again() -> None:
    environment = {"THREADLAB_RESPONDER": "hosted", "OPENAI_API_KEY": KEY}
    keep_key(environment)
    environment["OPENAI_API_KEY"] = "sk-threadlab-0123"
    assert chosen(None, environment).key == KEY
    elsewhere = {"THREADLAB_RESPONDER": "hosted", "THREADLAB_RESPONDER_URL": "http://127.0.0.1:8080/v1", "OPENAI_API_KEY": KEY}
    keep_key(elsewhere)
    assert "THREADLAB_RESPONDER_KEY" not in elsewhere


def test_base_url_of_the_clients_is_not_the_endpoints() -> None:
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:8650/v1", "THREADLAB_RESPONDER_KEY": KEY}
    assert chosen(options(name="hosted"), environment).url == "https://api.openai.com/v1"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8650/v1", "http://localhost:8650", "http://[::1]:8650/v1", "http://127.1.2.3:8650/v1"])
def test_endpoint_that_is_the_service_itself_is_refused(url: str) -> None:
    choice = chosen(options(name="hosted", url=url), {})
    with pytest.raises(ThreadlabError, match="itself"):
        refuse_self(choice, 8650)
    refuse_self(choice, 8651)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "oracle"}, "no responder 'oracle'"),
        ({"name": "hosted", "url": "api.openai.com"}, "not the address"),
        ({"name": "hosted", "url": "http://localhost:99999/v1"}, "not the address"),
        ({"name": "hosted", "url": f"https://me:{KEY}@example.org/v1"}, "password"),
        ({"name": "hosted", "url": "http://localhost:1/v1", "api": "soap"}, "soap"),
        ({"name": "local"}, "--responder-model"),
    ],
)
def test_impossible_choice_is_a_sentence(given: dict[str, str], words: str) -> None:
    with pytest.raises(ThreadlabError, match=words) as refused:
        chosen(options(**given), {})
    assert KEY not in str(refused.value)


def test_key_is_not_shown() -> None:
    choice = chosen(options(name="hosted", url="https://example.org/v1", model="m"), {"THREADLAB_RESPONDER_KEY": KEY})
    other = chosen(options(name="hosted", url="https://example.org/v1", model="m"), {"THREADLAB_RESPONDER_KEY": KEY + "x"})
    hosted: Any = remote(choice)
    assert KEY not in choice.label() + hosted.described
    assert choice.label() != other.label()
    assert "the model m at example.org" in hosted.described
