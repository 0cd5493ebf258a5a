"""`python -m autograder VERB …`, which `python3 course.py VERB …` calls."""

import sys

from autograder.cli import main

if __name__ == "__main__":
    sys.exit(main())
