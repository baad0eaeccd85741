"""Seeded generators of attack material from real or self-made recordings."""
