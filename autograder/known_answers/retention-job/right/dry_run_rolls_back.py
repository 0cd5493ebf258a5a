# %% retention_job
import contextlib


def retention_job(client, db, now, *, keep_days, dry_run=False):
    """The same way for both; a dry run only does not delete, and takes back what it wrote."""
    done, failed = [], []
    due = db.scalars(
        select(KeptThread)
        .where(KeptThread.last_used_at < now - keep_days * 86_400)
        .where(KeptThread.held.is_(False), KeptThread.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    ).all()
    for thread_id in [one.thread_id for one in due]:
        try:
            with contextlib.suppress(openai.NotFoundError):
                runs = list(client.beta.threads.runs.list(thread_id))
                if any(run.status in ("queued", "in_progress", "requires_action", "cancelling") for run in runs):
                    continue
                if not dry_run:
                    client.beta.threads.delete(thread_id)
        except openai.OpenAIError:
            db.rollback() if not dry_run else None
            failed.append(thread_id)
            continue
        with db.begin_nested():
            row = db.get(KeptThread, thread_id)
            row.deleted_at = now
            db.add(AuditLine(thread_id=thread_id, action="deleted", at=now))
        if not dry_run:
            db.commit()
        done.append(thread_id)
    db.rollback() if dry_run else db.commit()
    return Report(done, failed)
