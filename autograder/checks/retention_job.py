"""Exercise `retention-job`: remove what has been quiet for too long, and nothing else; killed, started again, or only asked."""

from collections.abc import Callable, Sequence
from typing import Any

from autograder.checks.retention_scenes import (
    DAY,
    EVERYTHING,
    KEEP,
    LATER,
    NOW,
    again,
    all_fail,
    args,
    dry_then_real,
    night_after_night,
    runs_unreadable,
    with_runs,
    world,
)
from autograder.checks.seen import cited, short
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, ending_of
from threadlab.engine.journal import DatabaseChanged, Entry, Executed
from threadlab.trials.trial import Evidence


def _of(evidence: Evidence, *kinds: str) -> dict[str, str]:
    """The threads of these sorts: id by name."""
    return {name: thread_id for name, thread_id in evidence.given["ids"].items() if name.partition(" #")[0] in kinds}


def _row(evidence: Evidence, thread_id: str) -> dict[str, Any] | None:
    return next((row for row in evidence.tables.get("kept_threads", []) if row["thread_id"] == thread_id), None)


def _before(evidence: Evidence, thread_id: str) -> dict[str, Any]:
    result: dict[str, Any] = next(row for row in evidence.given["rows"] if row["thread_id"] == thread_id)
    return result


def _lines(evidence: Evidence, thread_id: str) -> int:
    """How many audit lines say that it was deleted."""
    return sum(1 for row in evidence.tables.get("cleanup_audit", []) if (row["thread_id"], row["action"]) == (thread_id, "deleted"))


def _writes(evidence: Evidence, thread_id: str | None = None) -> list[Executed]:
    """The requests that would have changed something, whatever came of them."""
    return [one for one in evidence.requests(thread_id=thread_id) if not one.operation.startswith(("get", "list"))]


def _named(value: Any, field: str) -> list[str]:
    """What a report says under a name."""
    listed = value.get(field) if isinstance(value, dict) else None
    return [str(one) for one in listed] if isinstance(listed, list) else []


def _no_report(value: Any) -> str | None:
    """Why this is not a Report with two lists of ids."""
    if not isinstance(value, dict) or "$" not in value:
        return Sentence("returned_no_report", f"it returned {short(value)} instead of a Report.")
    for field in ("deleted", "failed"):
        listed = value.get(field)
        if not isinstance(listed, list):
            return Sentence("report_without_lists", f"Report.{field} is {short(listed)}: it has to be a list of ids.")
        if other := [one for one in listed if not (isinstance(one, str) and one.startswith("thread_") and " " not in one)]:
            return Sentence("report_names_no_ids", f"Report.{field} has {short(other[0])} in it: it has to be a list of ids.")
    return None


def _changed(evidence: Evidence, thread_id: str) -> bool:
    """Whether the row of a thread is not as it was."""
    row = _row(evidence, thread_id)
    return row is None or any(row[field] != value for field, value in _before(evidence, thread_id).items())


def _difference(evidence: Evidence, thread_id: str) -> str:
    """What a row says that it did not say before."""
    before, row = _before(evidence, thread_id), _row(evidence, thread_id)
    if row is None:
        return "it is gone"
    return ", ".join(f"`{field}` is {row[field]} and was {value}" for field, value in before.items() if row[field] != value)


def _last_used(evidence: Evidence, thread_id: str) -> str:
    days = round((NOW - _before(evidence, thread_id)["last_used_at"]) / DAY, 1)
    return f"last used {days:g} day{'' if days == 1 else 's'} ago"


def _one_of_two(evidence: Evidence, thread_id: str) -> str:
    """That it is not held, where its user has another thread that is."""
    user_id = _before(evidence, thread_id)["user_id"]
    held = [row["thread_id"] for row in evidence.given["rows"] if row["user_id"] == user_id and row["held"]]
    return f"; {held[0]}, of the same user, is held, and this one is not" if held and thread_id not in held else ""


def _removed(evidence: Evidence, name: str, thread_id: str) -> str | None:
    """Why this thread is not properly removed: at the service, in its row, and in the audit."""
    row = _row(evidence, thread_id)
    if evidence.thread(thread_id) is not None:
        says = ", though its row says that it was: nobody will ever look for it again" if row and row["deleted_at"] is not None else ""
        which = f"{name}, {_last_used(evidence, thread_id)}{_one_of_two(evidence, thread_id)}"
        return Sentence("not_deleted_service", f"{thread_id} ({which}) was not deleted at the service{says}.")
    if row is None:
        return Sentence(
            "row_gone_kept_threads_set", f"the row of {thread_id} ({name}) is gone from kept_threads: set `deleted_at` and leave the row."
        )
    if row["deleted_at"] is None:
        return Sentence("gone_row_does_not_say", f"{thread_id} ({name}) is gone, and its row does not say so: `deleted_at` is None.")
    if row["deleted_at"] != NOW:
        return Sentence(
            "row_says_deleted_now", f"the row of {thread_id} ({name}) says `deleted_at` {row['deleted_at']}, and `now` was {NOW}."
        )
    return None


def _audited(evidence: Evidence, name: str, thread_id: str) -> str | None:
    lines = _lines(evidence, thread_id)
    if lines == 1:
        at = next(row["at"] for row in evidence.tables["cleanup_audit"] if (row["thread_id"], row["action"]) == (thread_id, "deleted"))
        return (
            None
            if at == NOW
            else Sentence("audit_line_says_now", f"the audit line of {thread_id} ({name}) says `at` {at}, and `now` was {NOW}.")
        )
    return Sentence(
        "removed_audit_has_line_deleted",
        f"{thread_id} ({name}) was removed, and the audit has {lines or 'no'} line{'s' if lines > 1 else ''} that it was deleted.",
    )


def _why_not_due(evidence: Evidence, name: str, thread_id: str) -> str:
    kind, _, status = name.partition(" #")
    why = {"held": "is held", "busy": f"had a run under way ({status})", "removed": "had been deleted ten days before"}
    return why.get(kind) or f"was {_last_used(evidence, thread_id)}"


def _touched(evidence: Evidence, name: str, thread_id: str) -> str | None:
    """What was done to a thread that was to be left alone."""
    why = _why_not_due(evidence, name, thread_id)
    if writes := _writes(evidence, thread_id):
        return Sentence("not_left_alone", f"{thread_id} {why}, and was not left alone: {evidence.line(writes[0])}.")
    if _changed(evidence, thread_id):
        return Sentence("row_changed", f"{thread_id} {why}, and its row was changed: {short(_row(evidence, thread_id))}.")
    if _lines(evidence, thread_id):
        return Sentence("audit_says_deleted", f"{thread_id} {why}, and the audit says that it was deleted.")
    if field := next((field for field in ("deleted", "failed") if thread_id in _named(evidence.value, field)), None):
        return Sentence("not_due_report_names", f"{thread_id} {why}, so that it was not due, and Report.{field} names it.")
    return None


def _left_alone(*kinds: str) -> Callable[[Evidence], Found]:
    """Judged once the job has removed something: a job that does nothing leaves everything alone."""

    def test(evidence: Evidence) -> Found:
        if touched := next((wrong for name, one in _of(evidence, *kinds).items() if (wrong := _touched(evidence, name, one))), None):
            return touched
        due = _of(evidence, "due", "due too")
        spared = {name: one for name, one in due.items() if evidence.thread(one) is not None}
        for name, one in spared.items() if "busy" in kinds and evidence.returned else ():
            if looked := evidence.requests("listRuns", thread_id=one):
                status = name.partition(" #")[2]
                return Sentence(
                    "run_has_ended_thread_spared",
                    f"the run of {one} has ended ({status}), and the thread was spared all the same: {evidence.line(looked[0])}.",
                )
        return None if len(spared) < len(due) else Occasion.NONE

    return test


def deletes_what_is_due(evidence: Evidence) -> Found:
    due = _of(evidence, "due", "due too")
    if not evidence.requests():
        return Sentence(
            "nothing_asked_nothing_deleted_though",
            f"nothing was asked and nothing deleted, though {' and '.join(due.values())} were last used more than 30 days before `now`.",
        )
    if wrong := next((wrong for name, one in due.items() if (wrong := _removed(evidence, name, one))), None):
        return wrong
    if wrong := _no_report(evidence.value):
        return wrong
    said, gone = _named(evidence.value, "deleted"), [one.thread_id for one in evidence.requests("deleteThread", ok=True)]
    if earlier := next((one for one in _of(evidence, "removed").values() if one in said), None):
        return Sentence(
            "report_names_an_earlier_deletion",
            f"{earlier} was deleted ten days ago, which its row says, and Report.deleted names it: it is for what this run deleted.",
        )
    if earlier := next((one for one in _of(evidence, "removed").values() if _changed(evidence, one)), None):
        return Sentence(
            "changed_an_earlier_deletion",
            f"{earlier} was deleted ten days ago, and its row, which said so, was changed: {_difference(evidence, earlier)}.",
        )
    if sorted(said) != sorted(gone):
        return Sentence(
            "deleted_report_deleted_says_each", f"it deleted {', '.join(gone)}, and Report.deleted says {short(said)}: each of them, once."
        )
    return None


def _wrong_without_a_404(evidence: Evidence, missing: Sequence[Executed]) -> str | None:
    """What is wrong with the record of a thread that the job itself has deleted: then a 404 is not the cause."""
    unknown = {entry.thread_id for entry in missing}
    for name, one in _of(evidence, "due", "due too").items():
        if one in unknown:
            continue
        deleted, recorded = evidence.requests("deleteThread", ok=True, thread_id=one), _recorded(evidence, one)
        if deleted and recorded is not None and recorded.n < deleted[0].n:
            return Sentence(
                "recorded_before_it_was_true",
                f"{evidence.line(recorded)}; only then was {one} ({name}) deleted: {evidence.line(deleted[0])}. "
                "What is recorded before it is true stays wrong if the deletion fails; "
                "and a thread that is gone already is not recorded at all.",
            )
        if deleted and evidence.thread(one) is None and (wrong := _audited(evidence, name, one)):
            return wrong
    return None


def gone_is_success(evidence: Evidence) -> Found:
    missing = [one for one in evidence.requests(ok=False) if one.status == 404]
    lost = [one for one in evidence.journal if one.what == "lost"]
    if evidence.ending.how == "raised" and missing:
        return Sentence(
            "ended_job_gone_what_thread",
            f"{evidence.line(missing[0])} ended the job with {evidence.ending.type}: gone is what the thread was meant to be.",
        )
    if ended := ending_of(evidence):
        return ended
    if not _writes(evidence):
        return Occasion.NONE
    gone = _of(evidence, "gone", "due", "due too")
    for name, one in gone.items():
        # Whoever repeats nothing does not know whether it was done, and may leave that to the next run.
        known = any(entry.thread_id == one for entry in missing)
        if lost and not known and one in _named(evidence.value, "failed") and not _lines(evidence, one) and not _changed(evidence, one):
            continue
        wrong = _removed(evidence, name, one) or _audited(evidence, name, one)
        if wrong and missing and (deeper := _wrong_without_a_404(evidence, missing)):
            return deeper
        if wrong and missing:
            return Sentence(
                "says_gone_which_recorded_like",
                f"{evidence.line(missing[0])} says that it is gone, which is to be recorded like a deletion. But {wrong}",
            )
        if wrong := wrong or _reported_gone(evidence, one):
            return wrong
    return None


def _reported_gone(evidence: Evidence, thread_id: str) -> str | None:
    """What is wrong with what the Report says of a thread that is recorded as deleted; it may be named in `deleted` or not."""
    if thread_id in _named(evidence.value, "failed"):
        return Sentence(
            "gone_is_named_failed", f"{thread_id} is gone, which is recorded like a deletion, and Report.failed names it all the same."
        )
    if _named(evidence.value, "deleted").count(thread_id) > 1:
        return Sentence("gone_is_named_twice", f"{thread_id} is gone, and Report.deleted names it more than once.")
    return None


def audits_each(evidence: Evidence) -> Found:
    removed = {name: one for name, one in _of(evidence, "due", "due too").items() if evidence.thread(one) is None}
    if not removed:
        return Occasion.NONE
    if wrong := next((wrong for name, one in removed.items() if (wrong := _audited(evidence, name, one))), None):
        return wrong
    there = next((one for one in evidence.given["ids"].values() if _lines(evidence, one) and evidence.thread(one) is not None), None)
    if there:
        return Sentence("audit_says_deleted_still", f"the audit says that {there} was deleted, and it is still there.")
    repeated = next((one for one in _of(evidence, "removed").values() if _lines(evidence, one) > 1), None)
    return Sentence("audited_again", f"{repeated} was removed ten days ago, and was audited again.") if repeated else None


def _after_a_dry_run(evidence: Evidence) -> Found:
    """A dry run with `keep_days=40`, then a real one with 30, in the same process with the same session."""
    if not evidence.requests("deleteThread", ok=True):
        return Occasion.NONE
    for name, one in _of(evidence, "due", "due too", "kept longer").items():
        wrong = _removed(evidence, name, one) if evidence.thread(one) is not None else None
        if _lines(evidence, one) > 1:
            wrong = _audited(evidence, name, one)
        if wrong:
            return Sentence(
                "dry_run_changed_the_next", f"after a dry run (keep_days=40) came a real run (30), in the same session, and then {wrong}"
            )
    return None


def _in_a_dry_run(evidence: Evidence) -> str | None:
    """What a dry run has written."""
    if writes := _writes(evidence):
        return Sentence("dry_run_sent", f"it was a dry run, and it sent {evidence.line(writes[0])}.")
    reported = list(evidence.database_changes())
    if len(reported) > 1:
        return Sentence("dry_run_wrote_database", f"it was a dry run, and it wrote to the database: {evidence.line(reported[1])}.")
    return None


def _contradicts_itself(evidence: Evidence) -> str | None:
    """What is wrong with the report of a dry run for which one thread is gone and one is due."""
    said, failed = _named(evidence.value, "deleted"), _named(evidence.value, "failed")
    if both := next((one for one in said if one in failed), None):
        return Sentence("dry_run_names_it_in_both", f"it was a dry run, and its Report names {both} in `deleted` and in `failed`.")
    due, gone = evidence.given["ids"]["due"], evidence.given["ids"]["gone"]
    if gone in failed:
        return Sentence(
            "dry_run_says_gone_fails",
            f"it was a dry run; {gone} is gone already, which a real run takes for success, and Report.failed names it.",
        )
    if due not in said:
        return Sentence(
            "real_run_would_delete_dry",
            f"a real run would delete {due}, also when another thread is gone already; the dry run's Report.deleted says {short(said)}.",
        )
    if twice := next((one for one in said if said.count(one) > 1), None):
        return Sentence("dry_run_names_it_twice", f"it was a dry run, and Report.deleted names {twice} more than once.")
    return None


def dry_run_writes_nothing(evidence: Evidence) -> Found:
    if "kept longer" in evidence.given["ids"]:
        return ending_of(evidence) or _after_a_dry_run(evidence)
    if wrote := _in_a_dry_run(evidence):
        return wrote
    if _of(evidence, "gone"):  # to take a 404 for success is a behaviour of its own
        return Occasion.NONE if evidence.ending.how == "raised" else ending_of(evidence) or _contradicts_itself(evidence)
    if wrong := ending_of(evidence) or _no_report(evidence.value):
        return wrong
    due, said = _of(evidence, "due", "due too"), _named(evidence.value, "deleted")
    if failed := _named(evidence.value, "failed"):
        return Sentence("dry_run_names_failures", f"it was a dry run, nothing failed, and Report.failed says {short(failed)}.")
    if sorted(said) == sorted(due.values()):
        return None
    says = f"the dry run's Report.deleted says {short(said)}"
    if missing := next((f"{one} ({name}, {_last_used(evidence, one)})" for name, one in due.items() if one not in said), None):
        return Sentence("real_run_would_delete_dry", f"a real run would delete {missing}, and {says}.")
    spared = ((name, one) for name, one in evidence.given["ids"].items() if one in said and name not in due)
    if more := next((f"{one}, which {_why_not_due(evidence, name, one)}" for name, one in spared), None):
        return Sentence("real_run_would_delete_dry", f"a real run would not delete {more}; and the dry run's Report.deleted names it.")
    return Sentence("real_run_would_delete_dry", f"a real run would delete {', '.join(due.values())}; {says}.")


def leaves_what_is_busy(evidence: Evidence) -> Found:
    if not evidence.given.get("unreadable"):
        return ending_of(evidence) or _left_alone("busy")(evidence)
    busy, unread = evidence.given["ids"]["busy"], evidence.requests("listRuns", ok=False)
    if not unread or evidence.ending.how == "raised":
        return Occasion.NONE
    if evidence.thread(busy) is None:
        line = cited(evidence, evidence.requests("deleteThread", ok=True, thread_id=busy))
        return Sentence(
            "deleted_without_knowing",
            f"{evidence.line(unread[-1])}: whether a run is under way was not known, and the thread was deleted: {line}.",
        )
    row = _row(evidence, busy)
    if (row and row["deleted_at"] is not None) or _lines(evidence, busy):
        return Sentence("recorded_without_knowing", f"{evidence.line(unread[-1])}, and {busy} was recorded as if it had been deleted.")
    if busy in _named(evidence.value, "deleted"):
        return Sentence("reported_without_knowing", f"{evidence.line(unread[-1])}, and Report.deleted names {busy} all the same.")
    if _changed(evidence, busy):
        return Sentence("row_changed_without_knowing", f"{evidence.line(unread[-1])}, and the row of {busy} was changed: {short(row)}.")
    return None


def _goes_on_without_knowing(evidence: Evidence) -> Found:
    """After a thread's runs could not be read: a thread that this happened to is in `Report.failed`, the others are done."""
    unread = evidence.requests("listRuns", ok=False)
    if not unread:
        return Occasion.NONE
    if evidence.ending.how == "raised":
        return Sentence(
            "ended_job_runs_unreadable",
            f"{evidence.line(unread[-1])} ended the job with {evidence.ending.type}: it concerns one thread, and others were due as well.",
        )
    if wrong := ending_of(evidence) or _no_report(evidence.value):
        return wrong
    failed = _named(evidence.value, "failed")
    for name, one in _of(evidence, "busy", "due", "due too").items():
        asked = evidence.requests("listRuns", thread_id=one)
        if asked and (asked[-1].status or 500) >= 400 and evidence.thread(one) is not None:
            if one not in failed:
                return Sentence("unreadable_not_reported", f"{evidence.line(asked[-1])}, and Report.failed does not name it: {failed}.")
        elif name != "busy" and (wrong := _removed(evidence, name, one)):
            return wrong
    return None


def goes_on_after_a_failure(evidence: Evidence) -> Found:
    if evidence.given.get("unreadable"):
        return _goes_on_without_knowing(evidence)
    return _done_by_a_later_run(evidence) if "due too" in evidence.given["ids"] else _goes_on_after_deletions(evidence)


def _done_by_a_later_run(evidence: Evidence) -> Found:
    """After four runs in one process, of which only the first ones met a failure."""
    failed = [one for one in evidence.requests(ok=False) if one.status != 404]
    if ended := ending_of(evidence):
        return ended
    for name, one in _of(evidence, "due", "due too").items():
        mine = [entry for entry in failed if entry.thread_id == one]
        if mine and (wrong := _removed(evidence, name, one)):
            return Sentence("failed_for_ever", f"{evidence.line(mine[-1])}; the job ran again, more than once, and still {wrong}")
    return None if failed else Occasion.NONE


def _unreported(evidence: Evidence, thread_id: str) -> str | None:
    """What happened stands in the report, also when something else failed."""
    if thread_id in _named(evidence.value, "deleted"):
        return None
    done = cited(evidence, evidence.requests("deleteThread", ok=True, thread_id=thread_id))
    return Sentence("deleted_and_not_reported", f"{done}, and Report.deleted does not name it: {short(_named(evidence.value, 'deleted'))}.")


def _failed_deletions(evidence: Evidence) -> list[Entry]:
    """Deletions that were refused, or did not arrive; or it could not be known whether a run was under way."""
    return [
        one
        for one in evidence.journal
        if one.operation in ("deleteThread", "listRuns")
        and (one.what == "lost" or (one.what == "request" and one.status not in (200, 404)))
    ]


def _ended_by_a_failure(evidence: Evidence, failed: Entry) -> str | None:
    if evidence.ending.how != "raised":
        return None
    tried = {entry.thread_id for entry in evidence.journal if entry.operation == "deleteThread"}
    if tried.issuperset(_of(evidence, "due").values()):
        return Sentence(
            "raised_instead_of_reporting",
            f"{evidence.line(failed)}; the others were seen to, and then it raised {evidence.ending.type} instead of returning its Report.",
        )
    return Sentence(
        "ended_job_one_thread_failed",
        f"{evidence.line(failed)} ended the job with {evidence.ending.type}: one thread failed, and the others were due as well.",
    )


def _goes_on_after_deletions(evidence: Evidence) -> Found:
    failed = _failed_deletions(evidence)
    if not failed:
        return Occasion.NONE
    if wrong := _ended_by_a_failure(evidence, failed[-1]) or ending_of(evidence) or _no_report(evidence.value):
        return wrong
    for name, one in _of(evidence, "due").items():
        if wrong := _after_a_failure(evidence, name, one, failed):
            return wrong
    return None


def _after_a_failure(evidence: Evidence, name: str, one: str, failed: Sequence[Entry]) -> str | None:
    """What is wrong with a thread after one or several deletions have failed."""
    mine = [entry for entry in failed if entry.thread_id == one]
    if evidence.thread(one) is None:
        if wrong := _removed(evidence, name, one):
            return Sentence("not_recorded_after_a_failure", f"after {evidence.line(failed[0])}, {wrong}")
        if one in _named(evidence.value, "failed"):
            done = cited(evidence, evidence.requests("deleteThread", ok=True, thread_id=one))
            return Sentence("deleted_and_failed", f"{done}, and Report.failed names it all the same.")
        return _unreported(evidence, one)
    if not mine:
        return Sentence(
            "gave_up_after_a_failure", f"after {evidence.line(failed[-1])} nothing was tried with {one}, which was due as well."
        )
    if one in _named(evidence.value, "deleted"):
        return Sentence("failed_and_reported_as_deleted", f"{evidence.line(mine[-1])}, and Report.deleted names it.")
    if _lines(evidence, one) or (_row(evidence, one) or {}).get("deleted_at") is not None:
        return Sentence("failed_and_recorded", f"{evidence.line(mine[-1])}, and it was recorded as if it had been deleted.")
    if _changed(evidence, one):
        return Sentence("failed_row_changed", f"{evidence.line(mine[-1])}, and its row was changed: {short(_row(evidence, one))}.")
    if one not in (named := _named(evidence.value, "failed")):
        return Sentence("failure_not_reported", f"{evidence.line(mine[-1])}, and Report.failed does not name it: {named}.")
    return None


def _recorded(evidence: Evidence, thread_id: str) -> Entry | None:
    """The commit from which on the row of a thread said that it was removed."""
    for entry in evidence.journal:
        if isinstance(entry, DatabaseChanged):
            rows = entry.tables.get("kept_threads", [])
            if any(row["thread_id"] == thread_id and row["deleted_at"] is not None for row in rows):
                return entry
    return None


def safe_to_run_twice(evidence: Evidence) -> Found:
    due = _of(evidence, "due", "due too")
    if not evidence.requests("deleteThread", ok=True):
        return Occasion.NONE
    for name, one in due.items():
        if wrong := _removed(evidence, name, one):
            return wrong
        recorded = _recorded(evidence, one)
        again = [entry for entry in evidence.requests("deleteThread", thread_id=one)[1:] if recorded is not None and entry.n > recorded.n]
        if recorded is not None and again:
            return Sentence("deleted_again", f"{evidence.line(recorded)}; and then it was deleted again: {evidence.line(again[0])}.")
        if _lines(evidence, one) > 1:
            return Sentence(
                "job_ran_twice_audit_has", f"the job ran twice, and the audit has {_lines(evidence, one)} lines that {one} was deleted."
            )
    (_, again), (elsewhere,) = evidence.value
    for which, report in (("second run of the job, in the same process,", again), ("run of the job in another process", elsewhere)):
        if wrong := _no_report(report):
            return Sentence("later_run_returned_no_report", f"of the {which} which had nothing to do: {wrong}")
        if said := _named(report, "deleted"):
            return Sentence("had_nothing_do_report_deleted", f"the {which} had nothing to do, and its Report.deleted says {short(said)}.")
    return None


def survives_a_restart(evidence: Evidence) -> Found:
    if not evidence.killed:
        return Occasion.NONE
    due = _of(evidence, "due", "due too").items()
    wrong = next((wrong for name, one in due if (wrong := _removed(evidence, name, one) or _audited(evidence, name, one))), None)
    return f"started again, {wrong}" if wrong else None


EXERCISE = Exercise(
    slug="retention-job",
    parts=(
        Part(
            "retention_job",
            (
                Behaviour(
                    "deletes_what_is_due",
                    3,
                    "A thread that has been quiet for longer than `keep_days` is deleted, its row says when, and the report names it.",
                    deletes_what_is_due,
                    ("plain", "many", "held"),
                ),
                Behaviour(
                    "leaves_what_is_in_use",
                    2,
                    "A thread that was used within `keep_days` is left alone, however long ago it was created.",
                    _left_alone("in use", "new", "almost due", "kept longer"),
                    ("plain", "kept longer"),
                ),
                Behaviour("leaves_what_is_held", 2, "A held thread is left alone.", _left_alone("held"), ("held",)),
                Behaviour(
                    "leaves_what_is_busy",
                    2,
                    "A thread with a run under way is left alone.",
                    leaves_what_is_busy,
                    ("busy", "runs unreadable"),
                    any_ending=True,
                ),
                Behaviour(
                    "gone_is_success",
                    2,
                    "A thread that is gone already counts as deleted: in its row and in the audit.",
                    gone_is_success,
                    ("gone", "reply lost"),
                    any_ending=True,
                ),
                Behaviour("audits_each", 2, "The audit has one line for each thread that was deleted.", audits_each, ("plain", "held")),
                Behaviour(
                    "dry_run_writes_nothing",
                    2,
                    "A dry run reports what a real one would delete, and writes nothing anywhere.",
                    dry_run_writes_nothing,
                    ("dry", "dry, with runs", "dry, one is gone", "dry, then real"),
                    any_ending=True,
                ),
                Behaviour(
                    "goes_on_after_a_failure",
                    2,
                    "When one thread cannot be deleted, the others are, and the report names it.",
                    goes_on_after_a_failure,
                    (
                        "one fails",
                        "one is limited",
                        "one is lost",
                        "runs unreadable",
                        "all fail",
                        "all are limited",
                        "all are lost",
                        "night after night",
                    ),
                    any_ending=True,
                ),
                Behaviour("safe_to_run_twice", 1, "Run a second time, it finds nothing to do.", safe_to_run_twice, ("twice",)),
                Behaviour(
                    "survives_a_restart",
                    4,
                    "Killed at any point and started again: every due thread is gone, its row says so, and it has one audit line.",
                    survives_a_restart,
                    ("killed",),
                ),
            ),
            (
                Scene("plain", world(*EVERYTHING), args, kwargs=KEEP),
                Scene("kept longer", world("kept longer", "due"), args, kwargs={"keep_days": 40}),
                Scene("held", world("due too", "held", "due"), args, kwargs=KEEP),
                Scene("busy", with_runs, args, kwargs=KEEP),
                Scene("gone", world("gone", "due"), args, kwargs=KEEP),
                Scene("reply lost", world("due", "due too", scenario="reply_lost@deleteThread#1"), args, kwargs=KEEP),
                Scene("dry", world("held", *EVERYTHING), args, kwargs={**KEEP, "dry_run": True}),
                Scene("dry, with runs", with_runs, args, kwargs={**KEEP, "dry_run": True}),
                Scene("dry, one is gone", world("gone", "due"), args, kwargs={**KEEP, "dry_run": True}),
                Scene(
                    "dry, then real",
                    world("in use", "kept longer", "due", "due too"),
                    dry_then_real,
                    kwargs=KEEP,
                    driver="processes",
                ),
                Scene(
                    "one fails",
                    world("due #1", "due #2", "due #3", "due #4", "due #5", scenario="500@deleteThread#2-4"),
                    args,
                    kwargs=KEEP,
                ),
                Scene("one is limited", world("due #1", "due #2", "due #3", scenario="429:1@deleteThread#2-4"), args, kwargs=KEEP),
                Scene("one is lost", world("due #1", "due #2", "due #3", scenario="request_lost@deleteThread#2-4"), args, kwargs=KEEP),
                Scene("many", world(*(f"due #{number}" for number in range(23))), args, kwargs=KEEP),
                Scene("runs unreadable", runs_unreadable, args, kwargs=KEEP),
                Scene("all fail", all_fail("500@deleteThread 500@listRuns#4-"), args, kwargs=KEEP),
                Scene("all are limited", all_fail("429:1@deleteThread 429:1@listRuns#4-"), args, kwargs=KEEP),
                Scene("all are lost", all_fail("request_lost@deleteThread request_lost@listRuns#4-"), args, kwargs=KEEP),
                Scene("night after night", world("due", "due too", scenario=LATER), night_after_night, kwargs=KEEP, driver="processes"),
                Scene("twice", world("due", "in use", "due too"), again, kwargs=KEEP, driver="processes"),
                Scene("killed", world("due", "in use", "due too"), args, kwargs=KEEP, kill=True, bound=40),
            ),
            promises={
                "one, several and many threads that are due": ("kept longer", "plain", "many"),
                "more than keep_days, to the second": ("plain", "kept longer"),
                "each status of a run that is under way, each end of one": ("busy", "dry, with runs"),
                "whether a run is under way is not known": ("runs unreadable",),
                "held": ("held", "dry"),
                "several threads of one user": ("plain", "held", "many"),
                "a 404, or a lost reply": ("gone", "reply lost", "dry, one is gone"),
                "any other error: a 500, a 429, a lost request": (
                    "one fails",
                    "one is limited",
                    "one is lost",
                    "all fail",
                    "all are limited",
                    "all are lost",
                ),
                "any other error, where the runs cannot be read": ("all fail", "all are limited", "all are lost", "runs unreadable"),
                "what an earlier job has deleted is done": ("plain",),
                "what has failed is left to the next job": ("night after night",),
                "run twice, killed and run again": ("twice", "killed"),
                "a dry run changes nothing for the next run": ("dry, then real",),
            },
        ),
    ),
    hints=(
        "A deletion is recorded in two places: at the service and in your table. The process can die between them. Which may come "
        "first, if the job is simply run again afterwards? And what does it find then?",
        "Select the rows that are due (not held, not deleted, `last_used_at` before `now - keep_days * 86400`). For each: look at its "
        "newest run, delete the thread, take a 404 that says `No thread found` for success, and only then set `deleted_at` and add the "
        "audit line, in one commit. Any other error belongs to this one thread: note it and go on.",
        "for row in due:\n"
        "    try:\n"
        "        newest = client.beta.threads.runs.list(row.thread_id, limit=1).data\n"
        "        if newest and newest[0].status in UNDER_WAY: continue\n"
        "        if not dry_run: client.beta.threads.delete(row.thread_id)\n"
        "    except openai.NotFoundError as error:        # gone is what you wanted, if it is the thread that is gone\n"
        "        if 'No thread found' not in str(error): raise\n"
        "    except openai.APIError: failed.append(row.thread_id); continue\n"
        "    deleted.append(row.thread_id)\n"
        "    if not dry_run: ... deleted_at and the audit line, db.commit() ...",
    ),
)
