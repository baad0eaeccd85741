"""The audit of hiring scores and outcomes for demographic disparity."""
