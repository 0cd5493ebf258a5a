"""The file_search tool of runs and responses: which vector stores it may search, and what a search puts into the prompt and the record."""

import msgspec

from threadlab.engine.call import Call
from threadlab.engine.files_api import searching, vector_stores
from threadlab.wire import assistants as o
from threadlab.wire import responses as r
from threadlab.wire.prompts import Prompt

RESULTS = 20
"""Passages that a search gives at most when the assistant does not say (official text; 5 for the oldest models)."""
FEW_RESULTS = 5
RESPONSE_RESULTS = 10
"""The same for a response (official text for the Responses tool: 10 by default, at most 50)."""
RANKER = "default_2024_08_21"


def searchable(call: Call, run: o.Run) -> list[str]:
    """The vector stores that a run may search: its assistant's and its thread's; none without the tool."""
    if not any(isinstance(tool, o.FileSearch) for tool in run.tools):
        return []
    store_ids: list[str] = []
    for object_id in (run.assistant_id, run.thread_id):
        row = call.store.get(object_id)
        resources = row.body.tool_resources if row is not None and isinstance(row.body, o.Assistant | o.Thread) else None
        if resources is not None and resources.file_search is not None:
            store_ids += resources.file_search.vector_store_ids
    return list(dict.fromkeys(store_ids))


def expired_stores(call: Call, run: o.Run) -> list[str]:
    """Those of the vector stores of a run that have expired: with one, a run fails (official text; its `last_error` is a guess)."""
    return [store_id for store_id in searchable(call, run) if vector_stores.is_expired(call, store_id)]


def search_files(call: Call, run: o.Run, prompt: Prompt, question: str) -> tuple[o.FileSearchStepCall, Prompt]:
    """Search, and put what was found into the prompt. Also what the run step will show of it."""
    options = next((tool.file_search for tool in run.tools if isinstance(tool, o.FileSearch)), None) or o.FileSearchOptions()
    limit = options.max_num_results or (FEW_RESULTS if run.model.startswith("gpt-3.5") else RESULTS)
    threshold = options.ranking_options.score_threshold if options.ranking_options else 0.0
    stores = [store_id for store_id in searchable(call, run) if vector_stores.use(call, store_id)]
    passages = searching.search(call, stores, question, limit, threshold)
    results = [o.SearchResult(one.file_id, one.filename, one.score, [o.SearchResultContent(one.text)]) for one in passages]
    details = o.SearchDetails(o.SearchOptionsUsed(RANKER, threshold), results)
    return o.FileSearchStepCall(call.new_id("call"), details), msgspec.structs.replace(prompt, passages=passages)


def search_for_response(call: Call, response: r.Response, prompt: Prompt, question: str) -> tuple[r.FileSearchCall, Prompt]:
    """The same for a response, whose tool names the stores itself."""
    tool = next(one for one in response.tools if isinstance(one, r.FileSearchTool))
    stores = [store_id for store_id in tool.vector_store_ids if vector_stores.use(call, store_id)]
    threshold = (tool.ranking_options.score_threshold if tool.ranking_options else None) or 0.0
    passages = searching.search(call, stores, question, tool.max_num_results or RESPONSE_RESULTS, threshold)
    results = [r.SearchResult(one.file_id, one.filename, one.score, one.text) for one in passages]
    return r.FileSearchCall(call.new_id("fs"), [question], results=results), msgspec.structs.replace(prompt, passages=passages)
