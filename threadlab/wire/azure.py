"""Azure's way in: the same operations under `/openai/…`, with the key in `api-key`, the version in the query, deployments as models.

Sources are in docs/facts.md, "Azure". Two forms are known: `/openai/threads?api-version=2024-05-01-preview`, and `/openai/v1/threads`
without a version. What the resource answers before the API is asked has a shorter error body: a code and a message.
"""

import re
from urllib.parse import parse_qs

import msgspec

from threadlab.wire.errors import ApiError
from threadlab.wire.exchange import Request

PREFIX = "/openai/"
_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-preview)?")
_FIRST = {
    "assistants": "2024-05-01",
    "threads": "2024-05-01",
    "vector_stores": "2024-05-01",
    "responses": "2025-03-01",
    "conversations": "2025-03-01",
}
"""The first version of each part of the API that this service speaks. Assistants were there a little earlier, in an older form."""


class _Short(msgspec.Struct, frozen=True):
    code: str
    message: str


class AzureError(ApiError):
    """An error of the resource, not of the API behind it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message, code=code)

    def body(self) -> bytes:
        return msgspec.json.encode({"error": _Short(self.detail.code or "", self.detail.message)})


def no_resource() -> AzureError:
    """Seen (davidmigloz/langchain_dart#606)."""
    return AzureError(404, "404", "Resource not found")


def too_old() -> AzureError:
    """The message was seen (Aider-AI/aider#4029), the code is a guess."""
    return AzureError(400, "BadRequest", "Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later")


def no_access() -> AzureError:
    """Seen (SciSharp/BotSharp#386)."""
    return AzureError(
        401,
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription "
        "and use a correct regional API endpoint for your resource.",
    )


def no_deployment() -> AzureError:
    """Seen (Azure-Samples/azureai-assistant-tool#13, when a run was created)."""
    return AzureError(
        404,
        "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again.",
    )


def plain_path(path: str) -> str:
    """A path of Azure's as the API has it; any other as it is."""
    return "/v1/" + path.removeprefix(PREFIX).removeprefix("v1/") if path.startswith(PREFIX) else path


def translated(request: Request) -> Request:
    """The request as the API takes it. Raises AzureError for a path or a version that the resource does not have."""
    family, _, _ = request.path.removeprefix(PREFIX).partition("/")
    if family != "v1":
        _check_version(family, parse_qs(request.query).get("api-version", [""])[0])
    headers = {**request.headers}
    key = headers.pop("api-key", None)
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    headers["openai-beta"] = "assistants=v2"  # doc: Azure's examples send none
    return msgspec.structs.replace(request, path=plain_path(request.path), headers=headers)


def _check_version(family: str, version: str) -> None:
    match = _VERSION.fullmatch(version)
    if match is None and version != "preview":
        raise no_resource()
    if match is not None and match[1] < _FIRST.get(family, ""):
        raise too_old() if family == "responses" else no_resource()


def reworded(error: ApiError) -> ApiError:
    """What the resource says where the API itself would refuse the key, the path or the model."""
    if isinstance(error, AzureError):
        return error
    if error.status == 401:
        return no_access()
    if error.detail.code == "model_not_found":
        return no_deployment()
    if error.status in (404, 405) and error.detail.message.startswith(("Invalid URL", "Not allowed to")):
        return no_resource()
    return error
