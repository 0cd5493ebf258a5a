"""Running a submission's cells without a kernel, in a forked and locked-down process.

`client` is the grader's side. `child`, `shell` and `capture` are the submission's side and import nothing of the grader's.
`frames` and `channel` are what passes between the two.
"""
