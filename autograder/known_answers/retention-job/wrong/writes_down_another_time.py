# loses: deletes_what_is_due, gone_is_success, audits_each, goes_on_after_a_failure, safe_to_run_twice, survives_a_restart
# says: row_says_deleted_now
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
            continue
        report.deleted.append(row.thread_id)
        if not dry_run:
            import time

            row.deleted_at = int(time.time())
            db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=int(time.time())))
            db.commit()
    return report
