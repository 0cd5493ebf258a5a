"""One setting says who writes the replies: `--responder`, or THREADLAB_RESPONDER, which reaches the service that a notebook starts, too.

Each option has its environment variable. The key of a hosted endpoint comes from the environment alone, so that it stands in no shell
history and in no list of processes. OPENAI_BASE_URL is not read here: in a notebook it points at this service itself.
"""

import hashlib
import ipaddress
import os
import socket
from argparse import Namespace
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from threadlab.errors import ThreadlabError
from threadlab.responders import RemoteResponder
from threadlab.service.data_folder import KEY_PREFIX

if TYPE_CHECKING:
    import httpx2

INSIDE: dict[str, str] = {
    "scripted": "a scripted geography expert, not from a model",
    "echo": "an echo of the last user message, not from a model",
}
"""The responders that the engine asks itself, and where replies come from then."""
NAMES = (*INSIDE, "hosted", "local")
APIS = ("responses", "chat")

VARIABLE = "THREADLAB_RESPONDER"
KEY_VARIABLE = "THREADLAB_RESPONDER_KEY"
_OPENAI = "https://api.openai.com/v1"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Choice(NamedTuple):
    """Who is to write the replies, as it was asked for."""

    name: str = "scripted"
    url: str = ""
    model: str = ""
    """Of a hosted endpoint, a model's name; of a local model, its file."""
    api: str = ""
    key: str = ""

    def label(self) -> str:
        """The same in a word, to be compared: it tells one choice from another, and not what the key is."""
        digest = hashlib.blake2b(self.key.encode(), digest_size=4, person=b"responder").hexdigest() if self.key else ""
        return " ".join([self.name, *filter(None, [self.url, self.model, self.api, digest])])


def chosen(options: Namespace | None = None, environment: Mapping[str, str] = os.environ) -> Choice:
    """What the options ask for, or else the environment. Raises ThreadlabError for what cannot be."""

    def setting(part: str) -> str:
        option = f"responder_{part}" if part else "responder"
        variable = f"{VARIABLE}_{part.upper()}" if part else VARIABLE
        return (getattr(options, option, None) or environment.get(variable, "")).strip()

    name = setting("") or "scripted"
    if name not in NAMES:
        raise ThreadlabError(f"There is no responder {name!r}; there are {', '.join(NAMES)}.")
    if name in INSIDE:
        return Choice(name)
    if name == "local":
        if not setting("model"):
            raise ThreadlabError(f"The local responder needs a model: name its GGUF file with --responder-model or {VARIABLE}_MODEL.")
        return Choice(name, model=os.path.abspath(os.path.expanduser(setting("model"))))
    return _hosted(setting("url") or _OPENAI, setting("model"), setting("api") or APIS[0], environment)


def _hosted(url: str, model: str, api: str, environment: Mapping[str, str]) -> Choice:
    if api not in APIS:
        raise ThreadlabError(f"An endpoint cannot be asked by {api!r}: --responder-api is {' or '.join(APIS)}.")
    address = urlsplit(url)
    if address.scheme not in _DEFAULT_PORTS or not address.hostname or _port(url) is None:
        raise ThreadlabError(f"{_shown(url)!r} is not the address of an endpoint. One looks like {_OPENAI}, or http://127.0.0.1:8080/v1.")
    if address.username or address.password:
        raise ThreadlabError(f"The address of the endpoint has a password in it: leave it out, and put the key into {KEY_VARIABLE}.")
    key = environment.get(KEY_VARIABLE, "").strip()
    if not key and address.hostname == "api.openai.com":
        key = environment.get("OPENAI_API_KEY", "").strip()
        key = "" if key.startswith(KEY_PREFIX) else key  # in a notebook that is the key of this service
        if not key:
            raise ThreadlabError(f"The hosted responder needs a key of your own for {address.hostname}: put it into {KEY_VARIABLE}.")
    if key and address.scheme == "http" and not _is_here(address.hostname):
        raise ThreadlabError(f"The key would go to {address.hostname} unencrypted: give an https address, or no {KEY_VARIABLE}.")
    return Choice("hosted", url.rstrip("/"), model, api, key)


def _shown(url: str) -> str:
    """An address as a sentence may show it: without what stands before an @."""
    return url.rpartition("@")[2]


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port or _DEFAULT_PORTS[urlsplit(url).scheme]
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    """Whether this name or address is this computer's own loopback."""
    try:
        resolved = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    addresses = [ipaddress.ip_address(str(one).partition("%")[0]) for one in resolved]
    return any(one.is_loopback or one.is_unspecified for one in addresses)


def keep_key(environment: MutableMapping[str, str] = os.environ) -> None:
    """Put a hosted endpoint's key where it is looked for first, before OPENAI_API_KEY becomes the key of this service."""
    choice = chosen(None, environment)
    if choice.name == "hosted" and choice.key:
        environment[KEY_VARIABLE] = choice.key


def endpoint(url: str, environment: Mapping[str, str] = os.environ) -> Choice:
    """The endpoint to which `--upstream` passes requests on, and its key. Raises ThreadlabError for an address that cannot be one."""
    return _hosted(url, "", APIS[0], environment)


def refuse_self(choice: Choice, port: int) -> None:
    """A service that asks itself would never end. `port` is where it listens. Raises ThreadlabError."""
    if choice.name == "hosted" and _port(choice.url) == port and _is_here(urlsplit(choice.url).hostname or ""):
        raise ThreadlabError(
            f"It would ask this Threads service itself ({choice.url}), for ever. Name the endpoint of a model with "
            f"--responder-url, {VARIABLE}_URL or --upstream. (OPENAI_BASE_URL is for the clients of this service.)"
        )


def remote(choice: Choice, transport: "httpx2.AsyncBaseTransport | None" = None) -> RemoteResponder | None:
    """The responder that is asked beside the engine, if it is one of those. Raises ThreadlabError when it cannot be had.

    `transport` carries what a hosted one is asked, if not the SDK's own.
    """
    if choice.name == "hosted":
        from threadlab.responders.hosted import Hosted  # here, because it costs a second that the others need not pay

        return Hosted(
            choice.url, choice.key or "none", choice.model or None, "chat" if choice.api == "chat" else "responses", transport=transport
        )
    if choice.name == "local":
        from threadlab.responders.gguf import Local

        return Local(choice.model)
    return None
