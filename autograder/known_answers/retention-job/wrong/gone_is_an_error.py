# loses: gone_is_success, dry_run_writes_nothing, survives_a_restart
# says: says_gone_which_recorded_like
# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    under_way = {"queued", "in_progress", "requires_action", "cancelling"}
    quiet_since = now - keep_days * 86_400
    due = select(KeptThread).where(KeptThread.last_used_at < quiet_since, KeptThread.held.is_(False), KeptThread.deleted_at.is_(None))
    deleted, failed = [], []
    for row in db.scalars(due).all():
        try:
            newest = client.beta.threads.runs.list(row.thread_id, limit=1).data
            if newest and newest[0].status in under_way:
                continue
            if not dry_run:
                client.beta.threads.delete(row.thread_id)
        except openai.APIError:
            failed.append(row.thread_id)
            continue
        deleted.append(row.thread_id)
        if not dry_run:
            row.deleted_at = now
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            db.commit()
    return Report(deleted, failed)
