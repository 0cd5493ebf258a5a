# loses: leaves_what_is_busy, gone_is_success, dry_run_writes_nothing, goes_on_after_a_failure, safe_to_run_twice, survives_a_restart
# says: not_left_alone
# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    deleted = []
    for t in db.query(KeptThread).filter(KeptThread.last_used_at < now - keep_days * 86400, KeptThread.held == False):
        try:
            if not dry_run:
                client.beta.threads.delete(t.thread_id)
                t.deleted_at = now
                db.add(AuditLine(thread_id=t.thread_id, action="deleted", at=now))
            deleted.append(t.thread_id)
        except:
            pass
    db.commit()
    return Report(deleted, [])
