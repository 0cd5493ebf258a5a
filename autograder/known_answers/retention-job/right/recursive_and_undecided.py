# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    once = client.with_options(max_retries=0)

    def quiet(rows):
        return [row for row in rows if not row.held and row.deleted_at is None and now - row.last_used_at > keep_days * 86_400]

    def busy(thread_id):
        newest = next(iter(client.beta.threads.runs.list(thread_id, limit=1)), None)
        return newest is not None and newest.status not in {"completed", "failed", "incomplete", "cancelled", "expired"}

    def work(rows, report):
        if not rows:
            return report
        row, *rest = rows
        try:
            if busy(row.thread_id):
                return work(rest, report)
            if not dry_run:
                once.beta.threads.delete(row.thread_id)
        except openai.APIStatusError as error:
            if error.status_code != 404:
                report.failed.append(row.thread_id)
                return work(rest, report)
        except openai.APIConnectionError:
            report.failed.append(row.thread_id)  # perhaps it is gone; tomorrow's job will know
            return work(rest, report)
        if not dry_run:
            row.deleted_at = now
            db.add_all([row, AuditLine(thread_id=row.thread_id, action="deleted", at=now)])
            db.commit()
        report.deleted.append(row.thread_id)
        return work(rest, report)

    return work(quiet(list(db.scalars(select(KeptThread)))), Report())
