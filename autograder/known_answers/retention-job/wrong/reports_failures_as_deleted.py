# loses: leaves_what_is_busy, goes_on_after_a_failure
# says: reported_without_knowing
# %% retention_job
ACTIVE = ("queued", "in_progress", "requires_action", "cancelling")


def retention_job(client, db, now, *, keep_days, dry_run=False):
    report = Report()
    rows = db.scalars(select(KeptThread)).all()
    for row in rows:
        if row.deleted_at is not None or row.held:
            continue
        if now - row.last_used_at <= keep_days * 24 * 60 * 60:
            continue
        try:
            runs = client.beta.threads.runs.list(row.thread_id, limit=1).data
            if runs and runs[0].status in ACTIVE:
                continue
            if not dry_run:
                client.beta.threads.delete(row.thread_id)
        except openai.NotFoundError:
            pass
        except openai.APIError:
            report.failed.append(row.thread_id)
            report.deleted.append(row.thread_id)
            continue
        report.deleted.append(row.thread_id)
        if not dry_run:
            row.deleted_at = now
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            db.commit()
    return report
