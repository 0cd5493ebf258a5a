# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    db.rollback()
    with db.begin():
        ids = [
            one.thread_id
            for one in db.scalars(select(KeptThread))
            if not one.held and one.deleted_at is None and (now - one.last_used_at) / 86_400 > keep_days
        ]
    deleted, failed = [], []
    for thread_id in ids:
        outcome = settle(client, thread_id, dry_run)
        if outcome is None:
            continue
        (deleted if outcome else failed).append(thread_id)
        if outcome and not dry_run:
            with db.begin():
                db.get_one(KeptThread, thread_id).deleted_at = now
                db.add(AuditLine(thread_id=thread_id, action="deleted", at=now))
    return Report(deleted, failed)


def settle(client, thread_id, dry_run):
    """True: it is gone. False: not known. None: it is in use."""
    threads = client.beta.threads
    try:
        page = threads.runs.list(thread_id, limit=100)
        while True:
            if any(run.status in ("queued", "in_progress", "requires_action", "cancelling") for run in page.data):
                return None
            if not page.has_next_page():
                break
            page = page.get_next_page()
        return dry_run or bool(threads.delete(thread_id).id)
    except openai.NotFoundError:
        return True
    except openai.APIError:
        return False
