"""`python -m datasets.attacks`: docs/attacks.md on standard output."""

import sys

from datasets.attacks.page import page

sys.stdout.write(page())
