"""Proof of a document: what is signed, how files carry it, and how it is verified offline."""
