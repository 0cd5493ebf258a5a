# loses: deletes_what_is_due
# says: not_deleted_service
# %% retention_job
from courseware import UNDER_WAY


def retention_job(client, db, now, *, keep_days, dry_run=False):
    since = now - keep_days * 86_400
    due = select(KeptThread).where(KeptThread.last_used_at < since, KeptThread.held.is_(False), KeptThread.deleted_at.is_(None))
    report = Report()
    spared = set(db.scalars(select(KeptThread.user_id).where(KeptThread.held.is_(True))))
    for row in db.scalars(due).all():
        if row.user_id in spared:
            continue
        try:
            newest = client.beta.threads.runs.list(row.thread_id, limit=1).data
            if newest and newest[0].status in UNDER_WAY:
                continue
            if not dry_run:
                client.beta.threads.delete(row.thread_id)
        except openai.NotFoundError:
            pass
        except openai.OpenAIError:
            report.failed.append(row.thread_id)
            continue
        if not dry_run:
            row.deleted_at = now
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            db.commit()
        report.deleted.append(row.thread_id)
    return report
