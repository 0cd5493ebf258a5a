"""What can go wrong while the browser edition is built."""


class BuildProblem(Exception):
    """Something that whoever builds can mend: one sentence that says what happened and what to do. Shown without a traceback."""
