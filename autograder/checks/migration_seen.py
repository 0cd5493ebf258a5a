"""What the journal and the store show of a migration: the items of the conversation beside the lines of the thread."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from autograder.checks.seen import cited, sent, short
from autograder.judging.behaviours import Found, Occasion, Sentence, ending_of
from threadlab.trials.trial import Evidence
from threadlab.wire import responses as r

_CHANGES = ("modifyThread", "deleteThread", "createMessage", "modifyMessage", "deleteMessage", "createRun", "createThreadAndRun")

Text = tuple[str, str]
"""A message: its role and its text."""


def _texts_wanted(evidence: Evidence) -> list[Text]:
    return [(line["role"], line["content"][0]["text"]["value"]) for line in evidence.given["wanted"] if line["line"] == "message"]


def _calls_wanted(evidence: Evidence) -> list[tuple[int, dict[str, Any]]]:
    """Each function call, after how many messages of the thread it stands."""
    result, before = list[tuple[int, dict[str, Any]]](), 0
    for line in evidence.given["wanted"]:
        before += line["line"] == "message"
        if line["line"] == "tool_call":
            result.append((before, line))
    return result


def items(evidence: Evidence, conversation_id: str) -> list[Any]:
    """The items of a conversation at the end, oldest first."""
    return [kept.item for kept in evidence.below("conversation.item", conversation_id)]


def _texts(found: Sequence[Any]) -> list[Text]:
    return [(one.role, one.text) for one in found if isinstance(one, r.Message)]


def row(evidence: Evidence) -> str | None:
    """The conversation that the table names for the thread."""
    rows = [one for one in evidence.tables.get("migrations", []) if one["thread_id"] == evidence.given["thread_id"]]
    return rows[0]["conversation_id"] if rows else None


def _came_to(evidence: Evidence) -> str | None:
    """The conversation that was returned, if anything was created; a sentence about a value that is none is another function's job."""
    value = evidence.value
    return value if isinstance(value, str) and isinstance(evidence.kept(value), r.Conversation) else None


def _unfounded(evidence: Evidence) -> Found:
    """Why there is no conversation to look at. To look at a thread without messages and leave it alone is a mistake, too."""
    made = evidence.requests("createConversation", ok=True)
    overlooked = not _texts_wanted(evidence) and bool(evidence.requests(ok=True))
    if made or overlooked or evidence.value is not None:
        return Sentence(
            "returned_which_not_id_conversation",
            f"it returned {short(evidence.value)}, which is not the id of a conversation that the service has.",
        )
    return Occasion.NONE


# ---- one conversation, all of it, once ---------------------------------------------------------------------------------------------------


def wrong_messages(evidence: Evidence, conversation_id: str) -> str | None:
    """What is wrong with the messages of a conversation, as a sentence; None if they are the thread's."""
    wanted, got = _texts_wanted(evidence), _texts(items(evidence, conversation_id))
    if got == wanted:
        return None
    new, missing = list((Counter(got) - Counter(wanted)).elements()), list((Counter(wanted) - Counter(got)).elements())
    twice = [one for one in new if one in wanted]
    if len(got) > len(wanted) and twice:
        return Sentence(
            "conversation_has_messages_thread_times",
            f"the conversation has {len(got)} messages and the thread {len(wanted)}: {short(twice[0][1])} is there "
            f"{got.count(twice[0])} times instead of {wanted.count(twice[0])}.",
        )
    if got == wanted[::-1]:
        return Sentence(
            "conversation_has_messages_newest_first",
            "the conversation has the messages newest first: a list has the newest first unless `order` says otherwise.",
        )
    if sorted(text for _, text in got) == sorted(text for _, text in wanted) and [text for _, text in got] != [text for _, text in wanted]:
        return Sentence(
            "conversation_has_thread_s_messages",
            f"the conversation has the thread's {len(wanted)} messages in another order; the list of messages has the right one.",
        )
    if [text for _, text in got] == [text for _, text in wanted]:
        n = next(index for index, (one, other) in enumerate(zip(got, wanted, strict=True)) if one != other)
        return Sentence(
            "message_one_thread_one_conversation",
            f"message {n + 1} is one of the {wanted[n][0]} on the thread, and one of the {got[n][0]} in the conversation.",
        )
    if len(missing) == len(new) and all(old[1].strip() == one[1].strip() for old, one in zip(missing, new, strict=True)):
        return Sentence(
            "thread_became_conversation_carry_texts",
            f"{missing[0][1]!r} on the thread became {new[0][1]!r} in the conversation: carry texts over as they are.",
        )
    what = f"{missing[0][1]!r} is missing" if missing else f"{short(new[0][1])} is new"
    if missing and missing[0] in got:
        what = f"{missing[0][1]!r} is there {got.count(missing[0])} times instead of {wanted.count(missing[0])}"
    page = " A page of a list holds 20, or 100 at most." if len(got) in (20, 100) else ""
    return Sentence(
        "thread_has_messages_conversation_page",
        f"the thread has {len(wanted)} messages and the conversation {len(got)}: {what}.{page}",
    )


def wrong_calls(evidence: Evidence, conversation_id: str) -> str | None:
    """What is wrong with the function calls of a conversation, as a sentence; None if they are the thread's."""
    found = items(evidence, conversation_id)
    earlier: tuple[str, int, int] = ("", 0, 0)  # the run, the time of the step and the place of the call before
    for before, line in _calls_wanted(evidence):
        call_id, name = line["id"], f"{line['function']['name']}({line['function']['arguments']})"
        calls = [n for n, one in enumerate(found) if isinstance(one, r.FunctionCall) and one.call_id == call_id]
        outputs = [n for n, one in enumerate(found) if isinstance(one, r.FunctionCallOutput) and one.call_id == call_id]
        if len(calls) != 1 or len(outputs) != 1:
            return Sentence(
                "run_called_steps_say_conversation",
                f"a run called {name}, and its steps say so ({call_id}); the conversation has {len(calls)} function_call and "
                f"{len(outputs)} function_call_output items of it, one of each was expected.",
            )
        call, output = found[calls[0]], found[outputs[0]]
        told = (line["function"]["name"], line["function"]["arguments"], line["function"]["output"])
        if (call.name, call.arguments, r.text_of(output.output)) != told:
            return Sentence(
                "items_say_step_says",
                f"the items of {call_id} say {short((call.name, call.arguments, r.text_of(output.output)))}; the step says {short(told)}.",
            )
        if outputs[0] < calls[0]:
            return Sentence("output_stands_before_call", f"the output of {call_id} stands before its call.")
        if any(len(_texts(found[:at])) != before for at in (calls[0], outputs[0])):
            at = len(_texts(found[: calls[0]]))
            return Sentence(
                "stands_after_messages_conversation_belongs",
                f"{name} stands after {at} messages in the conversation; it belongs after the {before} that came before it, and before "
                "the answer that it led to.",
            )
        run_id, at, place = earlier
        if line["run_id"] == run_id and line["created_at"] > at and calls[0] < place:
            return Sentence(
                "later_step_stands_before_earlier",
                f"{name} was called in a later step of its run than the call before it, and stands before that call in the conversation. "
                "Add the calls in the order of the steps, oldest first.",
            )
        earlier = (line["run_id"], line["created_at"], calls[0])
    return None


def incomplete(evidence: Evidence, conversation_id: str) -> str | None:
    """What is wrong with a conversation, as a sentence. That function calls were left out altogether is for `tool_items_kept` to say."""
    if wrong := wrong_messages(evidence, conversation_id):
        return wrong
    carries_calls = any(isinstance(one, r.FunctionCall) for one in items(evidence, conversation_id))
    return wrong_calls(evidence, conversation_id) if carries_calls else None


def order_and_roles(evidence: Evidence) -> Found:
    conversation_id = _came_to(evidence)
    return _unfounded(evidence) if conversation_id is None else wrong_messages(evidence, conversation_id)


def tool_items_kept(evidence: Evidence) -> Found:
    conversation_id = _came_to(evidence)
    return _unfounded(evidence) if conversation_id is None else wrong_calls(evidence, conversation_id)


def metadata_kept(evidence: Evidence) -> Found:
    conversation_id = _came_to(evidence) or row(evidence)
    kept = evidence.kept(conversation_id) if conversation_id is not None else None
    if kept is None and evidence.killed:
        return None  # what a restart came to is for `survives_a_restart` to say
    if kept is None:
        return ending_of(evidence) or _unfounded(evidence)
    wanted, got = evidence.given["wanted"][0]["metadata"], kept.metadata
    if wanted.items() <= got.items():
        return None
    again = "started again, " if evidence.killed else ""
    return Sentence(
        "thread_s_metadata_conversation_s",
        f"{again}the thread's metadata is {wanted}, and the conversation's {got or 'empty'}: whose it is would be lost.",
    )


def thread_left_alone(evidence: Evidence) -> Found:
    touched = sent(evidence, _CHANGES)
    if touched:
        return Sentence("thread_not_only_read", f"the thread was not only read: {evidence.line(touched[0])}.")
    conversation_id = _came_to(evidence)
    return None if conversation_id is not None and items(evidence, conversation_id) else Occasion.NONE


def records_before_use(evidence: Evidence) -> Found:
    filled = [entry for entry in sent(evidence, ("createConversation",)) if entry.texts]
    if filled:
        return Sentence(
            "items_travelled_request_creates_conversation",
            f"items travelled in the request that creates the conversation ({evidence.line(filled[0])}): killed before it has recorded the "
            "id, the program leaves a copy of what the customer said that nobody can find. Create it empty.",
        )
    added = sent(evidence, ("createConversationItems",))
    if not added:
        return Occasion.NONE
    known = [one for one in evidence.database_changes() if one.n < added[0].n]
    rows = known[-1].tables.get("migrations", []) if known else []
    made = {entry.conversation_id for entry in evidence.requests("createConversation", ok=True)}
    if any(one["conversation_id"] in made for one in rows):
        return None
    return Sentence(
        "when_first_items_sent_no", f"when the first items were sent ({evidence.line(added[0])}), no committed row named the conversation."
    )


# ---- again, and in spite of everything ---------------------------------------------------------------------------------------------------


def one_conversation(evidence: Evidence) -> Found:
    made, added = evidence.requests("createConversation", ok=True), evidence.requests("createConversationItems", ok=True)
    if known := evidence.given.get("conversation_id"):
        if made or added:
            return Sentence(
                "thread_had_migrated_which_has",
                f"the thread had been migrated to {known}, which has gone on since; run again, it did not leave it alone: "
                f"{cited(evidence, [*made, *added])}.",
            )
        if evidence.value != known:
            return Sentence(
                "table_names_thread_returned", f"the table names {known} for this thread, and it returned {short(evidence.value)}."
            )
        return None
    ids = [one for process in evidence.value or [] for one in process]
    if not made:
        return Occasion.NONE
    if len(made) > 1:
        return Sentence(
            "same_thread_migrated_twice_one",
            f"the same thread was migrated twice in one process and once in the next, and {len(made)} conversations were made: "
            f"{cited(evidence, made)}.",
        )
    if set(map(str, ids)) != {made[0].conversation_id}:
        return Sentence("one_thread_migrated_three_times", f"one thread, migrated three times: it returned {short(ids)}.")
    return incomplete(evidence, made[0].conversation_id)


def nothing_twice(evidence: Evidence) -> Found:
    if not sent(evidence, ("createConversationItems",)):
        return Occasion.NONE
    conversation_id = _came_to(evidence)
    if conversation_id is None:
        return ending_of(evidence) or _unfounded(evidence)
    wrong = incomplete(evidence, conversation_id)
    if wrong is None:
        return None
    lost = next((entry for entry in evidence.journal if entry.what == "lost"), None)
    return f"{wrong} {evidence.line(lost)}." if lost is not None else wrong


def survives_a_restart(evidence: Evidence) -> Found:
    if not evidence.killed:
        return Occasion.NONE
    recorded = row(evidence)
    if recorded is None or evidence.value != recorded:
        return Sentence(
            "started_again_returned_table_says",
            f"started again, it returned {short(evidence.value)}, and the table says {short(recorded)}.",
        )
    if wrong := incomplete(evidence, recorded):
        return f"started again, {wrong}"
    others = [one.id for one in evidence.below("conversation") if one.id != recorded and items(evidence, one.id)]
    if others:
        return Sentence(
            "started_again_began_anew_has", f"started again, it began anew: {others[0]} has items as well, and no table knows of it."
        )
    return None


def unknown_thread(evidence: Evidence) -> Found:
    asked = [entry for entry in evidence.requests(ok=False) if entry.status == 404]
    made = evidence.requests("createConversation", ok=True)
    if made:
        return Sentence(
            "thread_not_conversation_made", f"the thread is not there, and a conversation was made for it: {evidence.line(made[0])}."
        )
    if not asked:
        return Occasion.NONE
    if evidence.ending.how == "raised":
        return None
    return Sentence(
        "thread_not_raise_error",
        f"the thread is not there ({evidence.line(asked[0])}), and it {evidence.ending.how} {short(evidence.value)}: raise the error.",
    )
