"""Documents: each module makes one kind of them from results, and computes no statistics."""
