"""The service in one process: an engine, a store, a clock, and clients of the real SDK that talk to it without a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadlab.engine import Engine, Journal
from threadlab.engine.faults import parse, parse_limits
from threadlab.engine.routes import OPERATIONS
from threadlab.errors import ThreadlabError
from threadlab.responders import Responder
from threadlab.responders.echo import Echo
from threadlab.responders.scripted import Scripted
from threadlab.store.open import open_store
from threadlab.store.protocol import Store
from threadlab.virtual_time.clock import Clock, VirtualClock, make_clock
from threadlab.wire.model_names import was_ever_real

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

RESPONDERS: dict[str, type[Responder]] = {"scripted": Scripted, "echo": Echo}
LOCAL_KEY = "sk-threadlab-in-process"
"""The key of a service that lives inside one process; it opens nothing else."""


def build_engine(
    store: Store,
    *,
    keys: Mapping[str, str],
    scenario: str | None = None,
    seed: int | None = None,
    responder: str | Responder | None = "scripted",
    limits: str | None = None,
    deployments: Mapping[str, str] | None = None,
) -> Engine:
    """An engine over `store`. `keys` maps API keys to projects; `limits` are rate limits as in a scenario (`gpt-4o:rpm=3`).

    `responder` answers inside the engine; with None answers come from outside, through `Engine.resolve`. `deployments` are names that
    Azure's clients use, and the models behind them.

    Raises ThreadlabError for a scenario, a limit, a responder or a model that it does not know.
    """
    if isinstance(responder, str):
        if responder not in RESPONDERS:
            names = ", ".join(RESPONDERS)
            raise ThreadlabError(f"there is no responder {responder!r} in here; there are {names}. Models answer behind `serve` alone.")
        responder = RESPONDERS[responder]()
    for name, model in (deployments or {}).items():
        if not was_ever_real(model):
            raise ThreadlabError(f"the deployment {name!r} is of a model {model!r}, and there has never been one of that name.")
    wrong, limited = parse(scenario, OPERATIONS), parse_limits(limits)
    return Engine(store, responder, keys=keys, seed=seed, scenario=wrong, limits=limited, deployments=deployments)


class Service:
    """A Threads service of your own, inside this process.

    `store`: None keeps everything in memory, a path in a SQLite file; or a store that is open already. `clock`: `virtual` (moves only
    inside `with service.time():` or a trial), `real`, or `x50` for fifty times real time. `scenario`: what goes wrong, see
    `threadlab.engine.faults`. `limits`: rate limits, such as `gpt-4o:rpm=3`. `seed`: makes ids and chance repeat. `deployments`: names that
    Azure's clients use for models, such as `{"support-bot": "gpt-4o"}`; models have their own names beside them. Raises ValueError for a
    clock, ThreadlabError for a store, a scenario or a limit that cannot be used.
    """

    def __init__(
        self,
        store: str | Path | Store | None = None,
        clock: str | Clock = "virtual",
        scenario: str | None = None,
        seed: int = 0,
        *,
        responder: str | Responder | None = "scripted",
        keys: Mapping[str, str] | None = None,
        limits: str | None = None,
        deployments: Mapping[str, str] | None = None,
    ) -> None:
        self.clock: Clock = make_clock(clock) if isinstance(clock, str) else clock
        self.scenario = scenario or ""
        self._keys = dict(keys or {LOCAL_KEY: "default"})
        self._store: Store = open_store(store) if store is None or isinstance(store, str | Path) else store
        try:
            self.engine = build_engine(
                self._store, keys=self._keys, scenario=scenario, seed=seed, responder=responder, limits=limits, deployments=deployments
            )
        except BaseException:
            self._store.close()
            raise
        self._closables: list[Any] = []
        from threadlab.service.transport import ServiceTransport

        self.transport = ServiceTransport(self.engine, self.clock)

    @property
    def journal(self) -> Journal:
        """Everything that happened, oldest first."""
        return self.engine.journal

    @property
    def key(self) -> str:
        """The first API key that this service takes."""
        return next(iter(self._keys))

    def client(self, **options: Any) -> OpenAI:
        """A client of the official SDK whose requests end here. `options` go to `openai.OpenAI`."""
        from openai import OpenAI

        from threadlab.service.direct import DirectAddress, DirectClient

        http = DirectClient(transport=self.transport)
        self._closables.append(http)
        return OpenAI(**{"api_key": self.key, "base_url": DirectAddress(BASE_URL), "http_client": http, **options})

    def async_client(self, **options: Any) -> AsyncOpenAI:
        """The same, asynchronous. `options` go to `openai.AsyncOpenAI`."""
        from openai import AsyncOpenAI

        from threadlab.service.direct import DirectAddress, DirectAsyncClient

        http = DirectAsyncClient(transport=self.transport)
        return AsyncOpenAI(**{"api_key": self.key, "base_url": DirectAddress(BASE_URL), "http_client": http, **options})

    def azure_client(self, **options: Any) -> AzureOpenAI:
        """Azure's client of the official SDK, whose requests end here. `options` go to `openai.AzureOpenAI`."""
        from openai import AzureOpenAI

        from threadlab.service.direct import DirectClient

        http = DirectClient(transport=self.transport)
        self._closables.append(http)
        return AzureOpenAI(**{"api_key": self.key, **AZURE, "http_client": http, **options})

    def async_azure_client(self, **options: Any) -> AsyncAzureOpenAI:
        """The same, asynchronous. `options` go to `openai.AsyncAzureOpenAI`."""
        from openai import AsyncAzureOpenAI

        from threadlab.service.direct import DirectAsyncClient

        return AsyncAzureOpenAI(**{"api_key": self.key, **AZURE, "http_client": DirectAsyncClient(transport=self.transport), **options})

    def time(self) -> Any:
        """A context in which waiting costs nothing: `time.sleep`, `asyncio.sleep` and the clocks run on this service's virtual time."""
        from threadlab.virtual_time.patches import virtual_time

        if not isinstance(self.clock, VirtualClock):
            raise ThreadlabError("service.time() needs a virtual clock; this service was made with another one.")
        return virtual_time(self.clock)

    def close(self) -> None:
        """Close the store and the clients. Harmless to call twice."""
        for one in self._closables:
            one.close()
        self._closables.clear()
        self._store.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


BASE_URL = "http://threadlab.invalid/v1"
"""Where in-process clients believe the service to be; nothing is ever looked up."""
AZURE: Any = {"azure_endpoint": "http://threadlab.invalid", "api_version": "2025-04-01-preview"}
"""The same for Azure's clients, and the version that they ask for unless told otherwise."""
