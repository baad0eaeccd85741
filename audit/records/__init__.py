"""The values that the service stores; each area has a file."""
