# %% retention_job
from dataclasses import dataclass


@dataclass
class Step:
    thread_id: str
    state: str = "idle"


def look(client, thread_id):
    try:
        runs = client.beta.threads.runs.list(thread_id, limit=1, order="desc").data
    except openai.NotFoundError:
        return "gone"
    except openai.APIError:
        return "unknown"
    return "busy" if runs and runs[0].status not in ("completed", "failed", "cancelled", "expired", "incomplete") else "idle"


def remove(client, thread_id):
    try:
        return client.beta.threads.delete(thread_id).deleted
    except openai.NotFoundError:
        return True
    except openai.APIError:
        return False


def retention_job(client, db, now, *, keep_days, dry_run=False):
    rows = db.query(KeptThread).filter(KeptThread.held == False, KeptThread.deleted_at == None).all()  # noqa
    plan = [Step(row.thread_id) for row in rows if row.last_used_at + keep_days * 86_400 < now]
    for step in plan:
        step.state = look(client, step.thread_id)
    failed = [step.thread_id for step in plan if step.state == "unknown"]
    deleted = []
    for step in plan:
        if step.state in ("busy", "unknown"):
            continue
        if dry_run:
            deleted.append(step.thread_id)
        elif step.state == "gone" or remove(client, step.thread_id):
            row = db.get(KeptThread, step.thread_id)
            row.deleted_at = now
            db.add(AuditLine(thread_id=step.thread_id, action="deleted", at=now))
            db.commit()
            if step.state == "idle":
                deleted.append(step.thread_id)
        else:
            failed.append(step.thread_id)
    return Report(deleted=deleted, failed=failed)
