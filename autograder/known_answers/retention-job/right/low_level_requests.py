# %% retention_job
import httpx

BETA = {"OpenAI-Beta": "assistants=v2"}


def retention_job(client, db, now, *, keep_days, dry_run=False):
    import openai

    def busy(thread_id):
        reply = client.get(f"/threads/{thread_id}/runs?limit=100", cast_to=httpx.Response, options={"headers": BETA})
        ended = {"completed", "failed", "cancelled", "expired", "incomplete"}
        return any(run["status"] not in ended for run in reply.json()["data"])

    report = Report()
    for row in db.query(KeptThread).order_by(KeptThread.last_used_at).all():
        if row.held or row.deleted_at is not None or now - row.last_used_at <= keep_days * 86400:
            continue
        try:
            if busy(row.thread_id):
                continue
            if dry_run:
                report.deleted.append(row.thread_id)
                continue
            client.delete(f"/threads/{row.thread_id}", cast_to=httpx.Response, options={"headers": BETA})
            report.deleted.append(row.thread_id)
        except openai.NotFoundError:
            if dry_run:
                continue
        except openai.OpenAIError:
            report.failed.append(row.thread_id)
            continue
        row.deleted_at = now
        db.add(AuditLine(thread_id=row.thread_id, action="deleted", at=now))
        db.commit()
    return report
