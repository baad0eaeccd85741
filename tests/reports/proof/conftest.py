"""Formats without a renderer get a small one."""

from tests.reports.proof import stubs

stubs.use_where_missing()
