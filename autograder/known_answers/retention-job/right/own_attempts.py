# %% retention_job
import time


def attempt(call):
    for pause in (1, 2, None):
        try:
            return call()
        except openai.NotFoundError:
            return None
        except openai.APIError:
            if pause is None:
                raise
            time.sleep(pause)


def retention_job(client, db, now, *, keep_days, dry_run=False):
    quick = client.with_options(max_retries=0)
    limit = now - keep_days * 86_400
    deleted, failed = [], []
    for row in db.scalars(select(KeptThread).filter_by(held=False, deleted_at=None).where(KeptThread.last_used_at < limit)).all():
        try:
            runs = attempt(lambda: quick.beta.threads.runs.list(row.thread_id, limit=5))
            if runs is not None:
                if any(run.status in ("queued", "in_progress", "requires_action", "cancelling") for run in runs.data):
                    continue
                if not dry_run:
                    attempt(lambda: quick.beta.threads.delete(row.thread_id))
        except openai.APIError:
            failed.append(row.thread_id)
            continue
        deleted.append(row.thread_id)
        if not dry_run:
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            row.deleted_at = now
            db.commit()
    return Report(deleted, failed)
