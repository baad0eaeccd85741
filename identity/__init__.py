"""Is it the same person? Face and voice comparison, one file per detector."""
