# %% retention_job
from datetime import datetime, timedelta, timezone

from sqlalchemy.orm import sessionmaker


def retention_job(client, db, now, *, keep_days, dry_run=False):
    """A session for each thread; replies as they are."""
    Session = sessionmaker(bind=db.get_bind())
    cutoff = int((datetime.fromtimestamp(now, timezone.utc) - timedelta(days=keep_days)).timestamp())
    with Session() as reading:
        ids = [
            i
            for (i,) in reading.execute(
                select(KeptThread.thread_id).where(
                    KeptThread.last_used_at < cutoff, KeptThread.held == False, KeptThread.deleted_at == None
                )
            )
        ]  # noqa
    once = client.with_options(max_retries=0)
    deleted, failed = [], []
    for thread_id in ids:
        try:
            newest = client.beta.threads.runs.with_raw_response.list(thread_id, limit=1).parse()
            if newest.data and newest.data[0].status in ("queued", "in_progress", "requires_action", "cancelling"):
                continue
            if not dry_run:
                raw = once.beta.threads.with_raw_response.delete(thread_id)
                assert raw.status_code == 200 and raw.parse().deleted
        except openai.APIError as error:
            if getattr(error, "status_code", None) != 404:
                failed.append(thread_id)
                continue
        deleted.append(thread_id)
        if not dry_run:
            with Session.begin() as writing:
                writing.merge(KeptThread(thread_id=thread_id, deleted_at=now))
                writing.add(AuditLine(thread_id=thread_id, action="deleted", at=now))
    return Report(deleted=deleted, failed=failed)
