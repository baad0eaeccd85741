"""One typed model for every document: data, blocks that point into the data, and their words."""
