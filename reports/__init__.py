"""Documents made from results: JSON, HTML."""
