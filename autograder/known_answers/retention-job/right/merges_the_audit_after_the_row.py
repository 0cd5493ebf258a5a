# %% retention_job
import openai


def retention_job(client, db, now, *, keep_days, dry_run=False):
    """An audit line with a pending action first, turned into "deleted" in the commit that marks the row."""
    deleted, failed = [], []
    due = (
        db.execute(
            select(KeptThread.thread_id).where(
                KeptThread.last_used_at.between(-(10**12), now - keep_days * 86400 - 1),
                KeptThread.held.is_(False),
                KeptThread.deleted_at.is_(None),
            )
        )
        .scalars()
        .all()
    )
    for thread_id in due:
        try:
            if is_busy(client, thread_id):
                continue
        except openai.NotFoundError:
            pass
        except openai.APIError:
            failed += [thread_id]
            continue
        if dry_run:
            deleted += [thread_id]
            continue
        pending = db.scalars(select(AuditLine).where(AuditLine.thread_id == thread_id, AuditLine.action == "pending")).first()
        if pending is None:
            pending = AuditLine(thread_id=thread_id, action="pending", at=now)
            db.add(pending)
            db.commit()
        try:
            client.beta.threads.delete(thread_id)
        except openai.NotFoundError:
            pass
        except openai.APIError:
            db.delete(pending)
            db.commit()
            failed += [thread_id]
            continue
        pending.action, pending.at = "deleted", now
        db.get(KeptThread, thread_id).deleted_at = now
        db.commit()
        deleted += [thread_id]
    return Report(deleted=deleted, failed=failed)


def is_busy(client, thread_id):
    for run in client.beta.threads.runs.list(thread_id):
        return run.status in ("queued", "in_progress", "requires_action", "cancelling")
    return False
