"""`python -m autograder VERB …`, which `python3 course.py VERB …` calls."""

import sys

from autograder.cli import main

sys.exit(main())
