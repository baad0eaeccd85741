"""Renderers: pure functions from a signed document to the bytes of one format."""
