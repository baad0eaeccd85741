"""What the service does: plain functions over a unit of work. See docs/architecture.md.

Each reads and writes records, records its events in the ledger, and announces them to webhooks, all
in the caller's transaction. None of them knows HTTP.
"""
