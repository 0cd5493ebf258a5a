# loses: leaves_what_is_busy
# says: deleted_without_knowing
# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    busy = {"queued", "in_progress", "requires_action", "cancelling"}
    report = Report([], [])
    due = select(KeptThread).where(
        KeptThread.last_used_at < now - keep_days * 86_400, KeptThread.held.is_(False), KeptThread.deleted_at.is_(None)
    )
    for row in db.scalars(due).all():
        try:
            runs = client.beta.threads.runs.list(row.thread_id, limit=1).data
        except openai.APIError:
            runs = []
        if runs and runs[0].status in busy:
            continue
        if not dry_run:
            try:
                client.beta.threads.delete(row.thread_id)
            except openai.NotFoundError:
                pass
            except openai.APIError:
                report.failed.append(row.thread_id)
                continue
            row.deleted_at = now
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            db.commit()
        report.deleted.append(row.thread_id)
    return report
