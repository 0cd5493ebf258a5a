# %% retention_job
def retention_job(client, db, now, *, keep_days, dry_run=False):
    rows = [r for r in db.query(KeptThread).all() if (now - r.last_used_at) / 86400 > keep_days and not r.held and not r.deleted_at]
    done, bad = [], []
    for r in rows:
        try:
            active = any(
                x.status in ("queued", "in_progress", "requires_action", "cancelling") for x in client.beta.threads.runs.list(r.thread_id)
            )
        except openai.NotFoundError:
            active = False
        except openai.APIError:
            bad.append(r.thread_id)
            continue
        if active:
            continue
        if dry_run:
            done.append(r.thread_id)
            continue
        r.deleted_at = now
        db.add(AuditLine(thread_id=r.thread_id, action="deleted", at=now))
        db.flush()
        try:
            client.beta.threads.delete(r.thread_id)
        except openai.NotFoundError:
            pass
        except Exception:
            db.rollback()
            bad.append(r.thread_id)
            continue
        db.commit()
        done.append(r.thread_id)
    return Report(deleted=done, failed=bad)
