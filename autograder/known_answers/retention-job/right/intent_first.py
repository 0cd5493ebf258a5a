# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    """Writes down what it is going to do, does it, writes down that it is done."""
    report = Report()
    horizon = now - keep_days * 24 * 60 * 60
    for row in db.query(KeptThread).order_by(KeptThread.last_used_at):
        if row.held or row.deleted_at is not None or row.last_used_at >= horizon:
            continue
        thread_id = row.thread_id
        try:
            busy = [
                run
                for run in client.beta.threads.runs.list(thread_id)
                if run.completed_at is None and run.status in ("queued", "in_progress", "requires_action", "cancelling")
            ]
        except openai.NotFoundError:
            busy = []
        except openai.OpenAIError:
            report.failed.append(thread_id)
            continue
        if busy:
            continue
        if dry_run:
            report.deleted.append(thread_id)
            continue
        intended = db.scalars(select(AuditLine).where(AuditLine.thread_id == thread_id, AuditLine.action == "deleting")).first()
        if intended is None:
            db.add(AuditLine(thread_id=thread_id, action="deleting", at=now))
            db.commit()
        try:
            client.beta.threads.delete(thread_id)
        except openai.NotFoundError:
            db.add(AuditLine(thread_id=thread_id, action="was gone already", at=now))
        except openai.OpenAIError as error:
            db.add(AuditLine(thread_id=thread_id, action=f"failed: {type(error).__name__}", at=now))
            db.commit()
            report.failed.append(thread_id)
            continue
        db.add(AuditLine(thread_id=thread_id, action="deleted", at=now))
        row.deleted_at = now
        db.commit()
        report.deleted.append(thread_id)
    return report
