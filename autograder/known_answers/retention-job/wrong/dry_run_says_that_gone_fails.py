# loses: dry_run_writes_nothing
# says: dry_run_says_gone_fails
# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    limit = now - keep_days * 86_400
    rows = db.scalars(select(KeptThread).where(KeptThread.last_used_at < limit, ~KeptThread.held, KeptThread.deleted_at.is_(None))).all()
    deleted, failed = [], []
    for row in rows:
        try:
            if is_busy(client, row.thread_id):
                continue
            if dry_run:
                try:
                    client.beta.threads.retrieve(row.thread_id)
                except openai.NotFoundError:
                    failed.append(row.thread_id)
                    continue
            if not dry_run:
                remove(client, row.thread_id)
        except openai.APIError:
            failed.append(row.thread_id)
            continue
        deleted.append(row.thread_id)
        if not dry_run:
            row.deleted_at = now
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            db.commit()
    return Report(deleted=deleted, failed=failed)


def is_busy(client, thread_id):
    try:
        newest = client.beta.threads.runs.list(thread_id, limit=1).data
    except openai.NotFoundError:
        return False
    return bool(newest) and newest[0].status in ("queued", "in_progress", "requires_action", "cancelling")


def remove(client, thread_id):
    try:
        client.beta.threads.delete(thread_id)
    except openai.NotFoundError:
        pass
