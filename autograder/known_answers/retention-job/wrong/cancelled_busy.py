# loses: leaves_what_is_busy, dry_run_writes_nothing
# says: run_has_ended_thread_spared
# %% retention_job
B = ("queued", "in_progress", "requires_action", "cancelling")


def job(
    client,
    db,
    now,
    keep_days,
    dry_run,
    *,
    limit=None,
    busy=B,
    cut=None,
    page=True,
    oldest=False,
    errors=(openai.APIError,),
    runs_errors="failed",
    held=True,
    used="last_used_at",
    commit="each",
    audit=True,
    rowfirst=False,
    gone=True,
    seconds=86400,
    skip=None,
    dry_reads=True,
):
    deleted, failed = [], []
    cut = now - keep_days * seconds if cut is None else cut
    q = select(KeptThread).where(getattr(KeptThread, used) < cut, KeptThread.deleted_at.is_(None))
    if held:
        q = q.where(KeptThread.held.is_(False))
    rows = db.scalars(q).all()
    for row in rows[:limit]:
        try:
            try:
                if not dry_run or dry_reads:
                    runs = client.beta.threads.runs.list(row.thread_id, **({"order": "asc"} if oldest else {})).data
                    if runs and runs[0].status in busy:
                        continue
            except openai.NotFoundError:
                raise
            except openai.APIError:
                if runs_errors == "failed":
                    raise
                if runs_errors == "skip":
                    continue
            if not dry_run:
                client.beta.threads.delete(row.thread_id)
        except openai.NotFoundError:
            if not gone:
                failed.append(row.thread_id)
                continue
        except errors:
            failed.append(row.thread_id)
            continue
        deleted.append(row.thread_id)
        if not dry_run:
            row.deleted_at = now
            if audit:
                db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
            if commit == "each":
                db.commit()
    if commit == "end":
        db.commit()
    return Report(deleted, failed)


def retention_job(client, db, now, *, keep_days, dry_run=False):
    return job(client, db, now, keep_days, dry_run, busy=B + ("cancelled",))
