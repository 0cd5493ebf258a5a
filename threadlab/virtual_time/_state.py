"""Facts about this process that more than one module has to see. Nothing here imports anything."""

trial_active: bool = False
"""True while a learner's code runs inside a trial: whoever starts the trial sets it, and resets it at the end."""


def in_trial() -> bool:
    """True inside a trial, where clients get the trial's own transport and `%load_ext threadlab` has nothing to do."""
    return trial_active
