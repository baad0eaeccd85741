"""`python -m datasets.corpora`: docs/corpora.md on standard output."""

import sys

from datasets.corpora.page import page

sys.stdout.write(page())
