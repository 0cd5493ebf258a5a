# loses: deletes_what_is_due, leaves_what_is_in_use, leaves_what_is_held, leaves_what_is_busy, gone_is_success, audits_each, dry_run_writes_nothing, goes_on_after_a_failure, safe_to_run_twice, survives_a_restart
# says: unusable
# %% retention_job
raise NotImplementedError()
