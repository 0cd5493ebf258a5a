# %% retention_job
from datetime import UTC, datetime, timedelta

from openai import APIError
from sqlalchemy import and_, not_


def retention_job(client, db, now, *, keep_days, dry_run=False):
    cutoff = int((datetime.fromtimestamp(now, UTC) - timedelta(days=keep_days)).timestamp())
    handled, deleted, failed = set(), [], []
    while True:
        row = db.scalars(
            select(KeptThread)
            .where(
                and_(
                    KeptThread.last_used_at < cutoff,
                    not_(KeptThread.held),
                    KeptThread.deleted_at.is_(None),
                    KeptThread.thread_id.not_in(handled),
                )
            )
            .limit(1)
        ).first()
        if row is None:
            return Report(deleted, failed)
        handled.add(row.thread_id)
        try:
            last = None
            for last in client.beta.threads.runs.list(row.thread_id, order="asc", limit=100):
                pass
            if last is not None and last.status in ("queued", "in_progress", "requires_action", "cancelling"):
                continue
        except APIError as error:
            if getattr(error, "status_code", None) != 404:
                failed.append(row.thread_id)
                continue
        if dry_run:
            deleted.append(row.thread_id)
            continue
        try:
            client.beta.threads.delete(row.thread_id)
        except APIError as error:
            if getattr(error, "status_code", None) != 404:
                failed.append(row.thread_id)
                continue
        deleted.append(row.thread_id)
        db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
        row.deleted_at = now
        db.commit()
