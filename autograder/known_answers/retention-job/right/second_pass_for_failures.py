# %% retention_job
import time


def retention_job(client, db, now, *, keep_days, dry_run=False):
    """What failed is tried once more at the end."""
    report = Report()
    todo = list(
        db.scalars(
            select(KeptThread).where(
                KeptThread.deleted_at.is_(None), KeptThread.held.is_(False), KeptThread.last_used_at < now - keep_days * 86_400
            )
        )
    )
    for last in (False, True):
        again = []
        for row in todo:
            try:
                newest = client.beta.threads.runs.list(row.thread_id, limit=1).data
                if newest and newest[0].status in ("queued", "in_progress", "requires_action", "cancelling"):
                    continue
                if not dry_run:
                    client.beta.threads.delete(row.thread_id)
            except openai.NotFoundError:
                pass
            except openai.APIError:
                again.append(row)
                continue
            if not dry_run:
                row.deleted_at = now
                db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
                db.commit()
            report.deleted.append(row.thread_id)
        todo = again
        if todo and not last:
            time.sleep(60)
    report.failed.extend(row.thread_id for row in todo)
    return report
