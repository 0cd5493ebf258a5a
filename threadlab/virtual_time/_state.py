"""Facts about this process that more than one module has to see. Nothing here imports anything."""

trial_active: bool = False
"""True while a learner's code runs inside a trial: whoever starts the trial sets it, and resets it at the end."""
