"""Loaders, seeded attack generators, training recipes. Nothing in the service imports it."""
