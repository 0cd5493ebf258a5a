# loses: goes_on_after_a_failure
# says: ended_job_one_thread_failed
# %% retention_job
UNDER_WAY = ("queued", "in_progress", "requires_action", "cancelling")


def runs_of(client, thread_id):
    try:
        return client.beta.threads.runs.list(thread_id, limit=1).data
    except openai.APIConnectionError as error:
        raise SystemError("no network") from error


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
            newest = runs_of(client, thread_id)
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
        db.commit()
    return Report(deleted, failed)
