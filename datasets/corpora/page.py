"""docs/corpora.md, written from the corpora themselves."""

from __future__ import annotations

from collections.abc import Iterator

from datasets.corpora import CORPORA, Corpus

HEAD = """# Public corpora

Made by `python -m datasets.corpora`; a test holds this page against the code.

The project holds none of these corpora and never downloads one. Who has a licence unpacks it into
a folder, and the loaders of `datasets/corpora` read it as it is:

```python
from pathlib import Path
from datasets.corpora import corpus, trials_of

for found in trials_of(Path("/data")):  # what lies in this folder, at most 3 folders down
    print(found.corpus.title, found.root)
items = corpus("oulu_npu").items(Path("/data/oulu"), "3.2")  # second fold of protocol 3
pairs = corpus("lfw").pairs(Path("/data/lfw"))  # ten folds of view 2
```

An `Item` has the file, `bona fide` or `attack`, the kind of attack, the person, the split (`train`,
`dev` or `test`; a corpus without splits is `test` throughout), the recording that it was made
from, and the condition and demographic cell where the corpus states them. A `Pair` has two files,
whether they are mated, and its fold. Names of kinds, conditions and cells are the corpus's own.

A folder or file that is missing is named together with the layout; a malformed row of a protocol
is named by file and row. `whole=False` (and `trials_of`) leaves out files that are listed but not
there, for those who hold a part.

Licences below are notes, checked against the terms only where *Verified* says so. The terms that
came with a corpus hold; many allow research alone, so ask before anything trained on one ships.

| name | corpus | items | protocols | pairs |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_rows()) + "".join(_section(each) for each in CORPORA.values())


def _rows() -> Iterator[str]:
    for each in CORPORA.values():
        pairs = ", ".join(each.pair_protocols) or "none"
        protocols = ", ".join(each.protocols)
        yield f"| `{each.name}` | {each.title} | {each.media} | {protocols} | {pairs} |\n"


def _section(each: Corpus) -> str:
    signals = ", ".join(f"`{name}`" for name in each.signals)
    return f"""
## {each.title}

{each.citation}. *Licence:* {each.licence}. *For:* {signals}.

```
{each.layout}
```

*Verified.* {each.verified}
"""
