"""Every error, once each, worded as the API worded it.

Wording marked *seen* was quoted by users in public issues, *doc* comes from the official text, *guess* is our best inference in the
same style. The sources are in docs/facts.md, "Errors".
"""

from typing import Any

import msgspec


class Detail(msgspec.Struct, frozen=True):
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None


class Body(msgspec.Struct, frozen=True):
    error: Detail


class ApiError(Exception):
    """An error that goes out to the client as an HTTP response."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None, **detail: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.detail = Detail(message, **detail)  # type: ignore[arg-type]
        self.headers = headers or {}

    def body(self) -> bytes:
        return msgspec.json.encode(Body(self.detail))


# ---- who is asking, and for what ----------------------------------------------------------------------------------------------------


def mask(key: str) -> str:
    """A key as the API repeats it in an error: its first and last letters, never the whole."""
    return key[:8] + "*" * max(0, len(key) - 12) + key[-4:] if len(key) > 16 else key[:2] + "*" * max(0, len(key) - 2)


def bad_key(key: str) -> ApiError:
    """Seen."""
    where = "You can find your API key at https://platform.openai.com/account/api-keys."
    return ApiError(401, f"Incorrect API key provided: {mask(key)}. {where}", code="invalid_api_key")


def no_key() -> ApiError:
    """Seen, shortened."""
    return ApiError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY).",
    )


def no_beta_header() -> ApiError:
    """Seen."""
    return ApiError(
        400,
        "You must provide the 'OpenAI-Beta' header to access the Assistants API. "
        "Please try again by setting the header 'OpenAI-Beta: assistants=v2'.",
        code="invalid_beta",
    )


def unknown_route(method: str, path: str) -> ApiError:
    """Seen."""
    return ApiError(404, f"Invalid URL ({method} {path})")


def method_not_allowed(method: str, path: str) -> ApiError:
    """Seen."""
    return ApiError(405, f"Not allowed to {method} on {path}.", code="method_not_supported")


# ---- things that are not there -------------------------------------------------------------------------------------------------------

_NOUNS = {
    "thread": "thread",
    "assistant": "assistant",
    "thread.run": "run",
    "thread.message": "message",
    "thread.run.step": "run step",
    "file": "file",
    "vector_store": "vector store",
    "vector_store.file": "file",
    "vector_store.files_batch": "file batch",
}
_NEWER = {"conversation": "Conversation", "response": "Response", "conversation.item": "Item", "response.input_item": "Item"}
"""Kinds of the newer families, which say the same in other words."""


def not_found(kind: str, object_id: str) -> ApiError:
    """Seen for threads, assistants, conversations and responses, guess for the others."""
    if kind in _NEWER:
        return ApiError(404, f"{_NEWER[kind]} with id '{object_id}' not found.")
    return ApiError(404, f"No {_NOUNS.get(kind, kind)} found with id '{object_id}'.")


def wrong_prefix(param: str, value: str, prefix: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Invalid '{param}': '{value}'. Expected an ID that begins with '{prefix}'.")


def model_not_there(model: str) -> ApiError:
    """Seen."""
    return ApiError(404, f"The model '{model}' does not exist", param="model", code="model_not_found")


def model_not_deletable(model: str) -> ApiError:
    """Seen (openai/openai-node#14) for a model that is not there; that one which belongs to everybody gets the same is a guess."""
    return ApiError(404, "That model does not exist", param="model")


def unknown_model(model: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"The requested model '{model}' does not exist.", param="model", code="model_not_found")


# ---- the run lock and the run's life -------------------------------------------------------------------------------------------------


def message_while_active(thread_id: str, run_id: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Can't add messages to {thread_id} while a run {run_id} is active.")


def run_while_active(thread_id: str, run_id: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Thread {thread_id} already has an active run {run_id}.")


def cannot_cancel(status: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Cannot cancel run with status '{status}'.")


def no_outputs_accepted(status: str) -> ApiError:
    """Seen."""
    return ApiError(400, f'Runs in status "{status}" do not accept tool outputs.')


def wrong_outputs(expected: list[str], got: list[str]) -> ApiError:
    """Seen."""
    return ApiError(400, f"Expected tool outputs for call_ids {expected}, got {got}")


# ---- conversations and responses ------------------------------------------------------------------------------------------------------


def conversation_locked() -> ApiError:
    """Seen, for a second response; guess for items that are added or deleted meanwhile."""
    return ApiError(
        400,
        "Another process is currently operating on this conversation. Please retry in a few seconds.",
        param="conversation",
        code="conversation_locked",
    )


def no_previous_response(response_id: str) -> ApiError:
    """Seen."""
    message = f"Previous response with id '{response_id}' not found."
    return ApiError(400, message, param="previous_response_id", code="previous_response_not_found")


def previous_not_done(response_id: str, status: str) -> ApiError:
    """Guess."""
    message = f"Previous response with id '{response_id}' has status '{status}' and cannot be continued."
    return ApiError(400, message, param="previous_response_id")


def mutually_exclusive(one: str, other: str) -> ApiError:
    """Seen."""
    message = f"Mutually exclusive parameters: Ensure you are only providing one of: '{one}' or '{other}'."
    return ApiError(400, message, code="mutually_exclusive_parameters")


def no_call_for_output(call_id: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"No tool call found for function call output with call_id {call_id}.", param="input")


def no_output_for_call(call_id: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"No tool output found for function call {call_id}.", param="input")


def duplicate_item(item_id: str) -> ApiError:
    """Seen (openai/openai-agents-python#1789)."""
    return ApiError(400, f"Duplicate item found with id {item_id}. Remove duplicate items from your input and try again.", param="input")


def context_too_long() -> ApiError:
    """Seen."""
    return ApiError(
        400,
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        param="input",
        code="context_length_exceeded",
    )


def json_not_mentioned() -> ApiError:
    """Seen."""
    message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'."
    return ApiError(400, message, param="input")


def no_such_function(name: str) -> ApiError:
    """Seen in the same style."""
    return ApiError(400, f"Tool choice 'function' with name '{name}' not found in 'tools' parameter.", param="tool_choice")


def item_not_found(item_id: str, at: str) -> ApiError:
    """Seen."""
    return ApiError(404, f"Item with id '{item_id}' not found.", param=at)


def prompt_not_found(prompt_id: str) -> ApiError:
    """Guess. There are no stored prompts here, and on 2026-11-30 there are none anywhere."""
    return ApiError(404, f"Prompt with id '{prompt_id}' not found.", param="prompt")


def tool_not_here(kind: str, there: list[str]) -> ApiError:
    """Ours, not the API's: a tool of its that this service has nothing to do with."""
    names = ", ".join(f"'{one}'" for one in there)
    return ApiError(400, f"tool not available here: '{kind}'. This service takes {names}.", param="tools", code="invalid_value")


def empty_string(param: str) -> ApiError:
    """Seen."""
    message = f"Invalid '{param}': empty string. Expected a string with minimum length 1, but got an empty string instead."
    return ApiError(400, message, param=param, code="empty_string")


def encrypted_content_unreadable(item_id: str) -> ApiError:
    """Seen (openai/codex#35334; the code in openai/codex#8145)."""
    reason = "Reason: Encrypted content could not be decrypted or parsed."
    message = f"The encrypted content for item {item_id} could not be verified. {reason}"
    return ApiError(400, message, code="invalid_encrypted_content")


def background_not_stored() -> ApiError:
    """Guess; that it is refused is documented."""
    return ApiError(400, "Background mode requires 'store' to be true.", param="store")


def not_cancellable() -> ApiError:
    """Seen."""
    return ApiError(400, "Cannot cancel a synchronous response.")


def not_streamable() -> ApiError:
    """Guess; that only such responses can be streamed again is documented."""
    return ApiError(400, "This response cannot be streamed because it was not created with background=true.", param="stream")


# ---- values out of range ----------------------------------------------------------------------------------------------------------------


def unsupported_files(kinds: list[str]) -> ApiError:
    """Seen (RageAgainstThePixel/OpenAI-DotNet#454)."""
    where = "https://platform.openai.com/docs/assistants/tools/file-search/supported-files"
    message = f"Files with extensions [{', '.join(kinds)}] are not supported for retrieval. See {where}"
    return ApiError(400, message, param="file_ids", code="unsupported_file")


def too_long(param: str, limit: int, length: int) -> ApiError:
    """Seen."""
    return ApiError(
        400,
        f"Invalid '{param}': string too long. Expected a string with maximum length {limit}, but got a string with length {length} instead",
    )


def too_many_properties(param: str, limit: int, count: int) -> ApiError:
    """Seen."""
    return ApiError(
        400,
        f"Invalid '{param}': too many properties. Expected an object with at most {limit} properties, "
        f"but got an object with {count} properties instead.",
        param=param,
        code="object_above_max_properties",
    )


def too_many_items(param: str, limit: int, count: int) -> ApiError:
    """Guess, in the style of the others."""
    return ApiError(
        400,
        f"Invalid '{param}': array too long. Expected an array with maximum length {limit}, but got an array with length {count} instead.",
        param=param,
        code="array_above_max_length",
    )


def above_maximum(param: str, limit: float, got: float) -> ApiError:
    """Seen."""
    kind = "integer" if isinstance(got, int) else "decimal"
    return ApiError(
        400,
        f"Invalid '{param}': {kind} above maximum value. Expected a value <= {limit}, but got {got} instead.",
        param=param,
        code=f"{kind}_above_max_value",
    )


def below_minimum(param: str, limit: float, got: float) -> ApiError:
    """Seen in the same style."""
    kind = "integer" if isinstance(got, int) else "decimal"
    return ApiError(
        400,
        f"Invalid '{param}': {kind} below minimum value. Expected a value >= {limit}, but got {got} instead.",
        param=param,
        code=f"{kind}_below_min_value",
    )


def missing(param: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def nothing_to_answer() -> ApiError:
    """Seen: the message. Its code was seen, too; `param` was not."""
    text = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided."
    return ApiError(400, text, code="missing_required_parameter")


def unknown_parameter(param: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")


def wrong_type(param: str, expected: str, got: str) -> ApiError:
    """Seen."""
    return ApiError(400, f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param=param, code="invalid_type")


def wrong_value(param: str, value: Any, supported: list[str]) -> ApiError:
    """Seen."""
    quoted = [f"'{one}'" for one in supported]
    names = ", ".join(quoted[:-1]) + f", and {quoted[-1]}" if len(quoted) > 2 else " and ".join(quoted)
    return ApiError(400, f"Invalid value: '{value}'. Supported values are: {names}.", param=param, code="invalid_value")


def invalid(param: str | None, message: str, code: str | None = "invalid_value") -> ApiError:
    """For the rules that have no wording of their own."""
    return ApiError(400, message, param=param, code=code)


def not_json() -> ApiError:
    """Seen."""
    return ApiError(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. "
        "The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
    )


# ---- limits and outages ------------------------------------------------------------------------------------------------------------------


def quota() -> ApiError:
    """Seen."""
    return ApiError(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
        "read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        type="insufficient_quota",
        code="insufficient_quota",
    )


def server_error(status: int = 500) -> ApiError:
    """Seen."""
    words = {
        500: "The server had an error while processing your request. Sorry about that!",
        503: "The server is currently overloaded with other requests. Sorry about that! You can retry your request, "
        "or contact us through our help center if the error persists.",
    }
    return ApiError(status, words.get(status, words[500]), type="server_error")


def clock_stands_still() -> ApiError:
    """Ours, not the API's: a poll that could never end."""
    return ApiError(
        400,
        "This run cannot finish: the service's clock is virtual and nothing is moving it. Put the code that waits inside "
        "`with service.time():`, or make the service with clock='real' or clock='x50'.",
        headers={"x-should-retry": "false"},
        code="virtual_clock_stopped",
    )
