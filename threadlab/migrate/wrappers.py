"""What else uses the Assistants API: classes and functions of other packages, and requests by their address."""

import re

_RESPONSES = "the package's own class for Responses, or client.responses.create with the tools that you have"
_LITELLM = "litellm.responses (and litellm.aresponses), with the conversation's items"
_LITELLM_NAMES = (
    *("get_assistants", "create_assistants", "delete_assistant", "create_thread", "get_thread", "add_message", "get_messages"),
    *("run_thread", "run_thread_stream"),
)

WRAPPERS: dict[str, dict[str, str]] = {
    "litellm": {prefix + name: _LITELLM for name in _LITELLM_NAMES for prefix in ("", "a")},
    "langchain": {"OpenAIAssistantRunnable": "ChatOpenAI(use_responses_api=True) in an agent"},
    "langchain_classic": {"OpenAIAssistantRunnable": "ChatOpenAI(use_responses_api=True) in an agent"},
    "langchain_community": {
        "OpenAIAssistantV2Runnable": "ChatOpenAI(use_responses_api=True) in an agent",
        "OpenAIAssistantRunnable": "ChatOpenAI(use_responses_api=True) in an agent",
    },
    "llama_index": {"OpenAIAssistantAgent": "llama_index.llms.openai.OpenAIResponses in a FunctionAgent"},
    "semantic_kernel": {
        "OpenAIAssistantAgent": "semantic_kernel.agents.OpenAIResponsesAgent",
        "AzureAssistantAgent": "semantic_kernel.agents.AzureResponsesAgent",
        "AzureOpenAIAssistantAgent": "semantic_kernel.agents.AzureResponsesAgent",
        "AssistantAgentThread": "semantic_kernel.agents.ResponsesAgentThread",
    },
    "autogen": {"GPTAssistantAgent": "autogen_agentchat.agents.AssistantAgent with a model client"},
    "autogen_ext": {"OpenAIAssistantAgent": "autogen_ext.agents.openai.OpenAIAgent"},
    "haystack_experimental": {"OpenAIAssistant": _RESPONSES},
    "agno": {"OpenAIAssistant": _RESPONSES},
    "phi": {"OpenAIAssistant": _RESPONSES},
}
"""By the first part of the Python module that a name is imported from: the name, and what replaces it."""

SCRIPT_WRAPPERS: dict[str, dict[str, str]] = {
    "ai": dict.fromkeys(("AssistantResponse", "experimental_AssistantResponse"), "useChat with the Responses model of @ai-sdk/openai")
    | dict.fromkeys(("useAssistant", "experimental_useAssistant"), "useChat of @ai-sdk/react"),
    "ai/react": {"useAssistant": "useChat of @ai-sdk/react", "experimental_useAssistant": "useChat of @ai-sdk/react"},
    "@ai-sdk/react": {"useAssistant": "useChat of @ai-sdk/react", "experimental_useAssistant": "useChat of @ai-sdk/react"},
    "langchain/experimental/openai_assistant": {"OpenAIAssistantRunnable": "ChatOpenAI with useResponsesApi"},
    "@azure/openai-assistants": {"AssistantsClient": "the client of openai for Responses"},
    "llamaindex": {"OpenAIAgentAssistant": _RESPONSES},
}
"""The same for JavaScript and TypeScript, by the whole name of the module."""

_HOST = r"(?:api\.openai\.com|openai\.azure\.com)"
_FAMILY = r"(?:threads|assistants)"
_ADDRESS = re.compile(rf"{_HOST}(?:/openai)?(?:/v1)?/(?P<rest>{_FAMILY}(?:[/?].*)?)", re.DOTALL)
_START = r"^(?:\{[^{}]*\}|https?://[\w.:-]+)?(?:/openai)?(?:/v1)?/"
_PATH = re.compile(rf"{_START}(?P<rest>{_FAMILY}(?:[/?{{].*)?)$", re.DOTALL)
_SIGN = re.compile(r"assistants=v[12]|api\.openai\.com|openai\.azure\.com", re.IGNORECASE)


def speaks_http(text: str) -> bool:
    """Whether a file has a sign that it asks the API by address: its host, or the header that only Assistants needed."""
    return _SIGN.search(text) is not None


def requested(address: str, *, signed: bool) -> str | None:
    """The path of the Assistants API that a string is the address of, such as `threads/{}/runs`; None for any other string.

    `signed`: the file says elsewhere that it asks the API; then a path alone is enough.
    """
    if len(address) > 400 or "\n" in address.strip():
        return None
    match = _ADDRESS.search(address)
    if match is not None:
        return match["rest"]
    match = _PATH.match(address) if signed else None
    return match["rest"] if match is not None else None


def request_replacement(rest: str) -> str:
    """What takes the place of a request to this path."""
    parts = [part for part in re.split(r"[/?]", rest) if part]
    if parts[0] == "assistants":
        return "keep model, instructions and tools in your own code, and send them to POST /v1/responses"
    if "runs" in parts:
        return "POST /v1/responses with `conversation`; background responses are polled at GET /v1/responses/{id}"
    if "messages" in parts:
        return "/v1/conversations/{id}/items"
    return "/v1/conversations"
