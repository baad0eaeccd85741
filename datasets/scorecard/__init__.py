"""Figures of detectors from scored trials alone, worst first: `build.scorecard` makes them."""
