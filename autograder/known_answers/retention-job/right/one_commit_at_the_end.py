# %% retention_job
from sqlalchemy import insert, update
import tenacity


def retention_job(client, db, now, *, keep_days, dry_run=False):
    api = client.with_options(max_retries=0).beta.threads

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type((openai.InternalServerError, openai.APIConnectionError, openai.RateLimitError)),
        wait=tenacity.wait_exponential(),
        stop=tenacity.stop_after_attempt(4),
        reraise=True,
    )
    def patiently(call, *args, **kwargs):
        try:
            return call(*args, **kwargs)
        except openai.NotFoundError:
            return None

    def one(thread_id):
        runs = patiently(api.runs.list, thread_id, limit=100)
        if runs and any(run.status in ("queued", "in_progress", "requires_action", "cancelling") for run in runs):
            return "busy"
        if not dry_run:
            patiently(api.delete, thread_id)
        return "deleted"

    def tried(thread_id):
        try:
            return one(thread_id)
        except openai.APIError:
            return "failed"

    k = KeptThread.__table__.c
    ids = (
        db.execute(select(k.thread_id).where(k.held == False, k.deleted_at == None, k.last_used_at < now - keep_days * 86400))
        .scalars()
        .all()
    )
    became = {thread_id: tried(thread_id) for thread_id in ids}
    gone = [thread_id for thread_id, how in became.items() if how == "deleted"]
    if gone and not dry_run:  # killed before this, the next job finds them gone
        db.execute(update(KeptThread).where(KeptThread.thread_id.in_(gone)).values(deleted_at=now))
        db.execute(insert(AuditLine), [{"thread_id": thread_id, "action": "deleted", "at": now} for thread_id in gone])
        db.commit()
    return Report(gone, [thread_id for thread_id, how in became.items() if how == "failed"])
