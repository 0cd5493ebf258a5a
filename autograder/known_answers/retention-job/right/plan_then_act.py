# %% retention_job
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone


class Retention:
    """First a plan, which reads only; then the plan is carried out. A dry run is the first half."""

    ENDED = ("completed", "failed", "incomplete", "cancelled", "expired")

    def __init__(self, client, db, now, keep_days):
        self.threads, self.db, self.now = client.beta.threads, db, now
        at = datetime.fromtimestamp(now, timezone.utc) - timedelta(days=keep_days)
        self.horizon = at.timestamp()

    def spared(self, row):
        return row.held or row.deleted_at or row.last_used_at > self.horizon

    def state(self, thread_id):
        try:
            self.threads.retrieve(thread_id)
            return "busy" if any(run.status not in self.ENDED for run in self.threads.runs.list(thread_id)) else "quiet"
        except openai.NotFoundError:
            return "gone"
        except openai.APIError:
            return "unknown"

    def plan(self):
        rows = [row for row in self.db.scalars(select(KeptThread)) if not self.spared(row)]
        return {row.thread_id: self.state(row.thread_id) for row in rows}

    def remove(self, thread_id):
        try:
            return self.threads.with_raw_response.delete(thread_id).parse().deleted
        except openai.NotFoundError:
            return True
        except openai.APIError:
            return False

    def carry_out(self, plan):
        report = Report([], [thread_id for thread_id, state in plan.items() if state == "unknown"])
        for thread_id, state in plan.items():
            if state not in ("quiet", "gone"):
                continue
            if state == "gone" or self.remove(thread_id):
                with self.db.begin_nested() if self.db.in_transaction() else self.db.begin():
                    self.db.get(KeptThread, thread_id).deleted_at = self.now
                    self.db.add(AuditLine(thread_id=thread_id, action="deleted", at=self.now))
                self.db.commit()
                report.deleted.append(thread_id)
            else:
                report.failed.append(thread_id)
        return report


def retention_job(client, db, now, *, keep_days, dry_run=False):
    job = Retention(client, db, now, keep_days)
    plan = job.plan()
    if dry_run:
        return Report([thread_id for thread_id, state in plan.items() if state in ("quiet", "gone")])
    return job.carry_out(plan)
