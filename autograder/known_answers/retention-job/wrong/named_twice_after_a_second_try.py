# loses: gone_is_success, goes_on_after_a_failure
# says: gone_is_named_failed
# %% retention_job
import openai


def retention_job(client, db, now, *, keep_days, dry_run=False):
    since = now - keep_days * 86_400
    due = select(KeptThread).where(KeptThread.last_used_at < since, KeptThread.held.is_(False), KeptThread.deleted_at.is_(None))
    deleted, failed = [], []
    for row in db.scalars(due).all():
        try:
            newest = client.beta.threads.runs.list(row.thread_id, limit=1).data
            if newest and newest[0].status in {"queued", "in_progress", "requires_action", "cancelling"}:
                continue
            if not dry_run:
                try:
                    client.with_options(max_retries=0).beta.threads.delete(row.thread_id)
                except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError):
                    failed.append(row.thread_id)
                    client.beta.threads.delete(row.thread_id)
        except openai.NotFoundError:
            pass
        except openai.APIError:
            failed.append(row.thread_id)
            continue
        deleted.append(row.thread_id)
        if not dry_run:
            row.deleted_at = now
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            db.commit()
    return Report(deleted, failed)
