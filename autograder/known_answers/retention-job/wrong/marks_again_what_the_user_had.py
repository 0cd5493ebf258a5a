# loses: deletes_what_is_due
# says: changed_an_earlier_deletion
# %% retention_job
UNDER_WAY = ("queued", "in_progress", "requires_action", "cancelling")


def retention_job(client, db, now, *, keep_days, dry_run=False):
    limit = now - keep_days * 86_400
    due = db.scalars(
        select(KeptThread)
        .where(KeptThread.last_used_at < limit, KeptThread.held.is_(False), KeptThread.deleted_at.is_(None))
        .order_by(KeptThread.thread_id)
    ).all()
    deleted, failed = [], []
    for row in due:
        thread_id = row.thread_id
        try:
            newest = client.beta.threads.runs.list(thread_id, limit=1).data
            if newest and newest[0].status in UNDER_WAY:
                continue
            if not dry_run:
                client.beta.threads.delete(thread_id)
        except openai.NotFoundError:
            pass
        except openai.APIError:
            failed.append(thread_id)
            continue
        deleted.append(thread_id)
        if dry_run:
            continue
        row.deleted_at = now
        db.add(AuditLine(thread_id=thread_id, action="deleted", at=now))
        for other in db.query(KeptThread).filter(KeptThread.user_id == row.user_id, KeptThread.deleted_at.is_not(None)):
            other.deleted_at = now
        db.commit()
    return Report(deleted, failed)
