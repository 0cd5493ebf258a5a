# loses: deletes_what_is_due, leaves_what_is_in_use, leaves_what_is_held, leaves_what_is_busy, audits_each, dry_run_writes_nothing, goes_on_after_a_failure, safe_to_run_twice, survives_a_restart
# says: report_names_an_earlier_deletion
# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    for row in db.scalars(select(KeptThread)).all():
        try:
            client.beta.threads.delete(row.thread_id)
        except Exception:
            pass
        row.deleted_at = now
        db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
        db.commit()
    return Report([row.thread_id for row in db.scalars(select(KeptThread))])
