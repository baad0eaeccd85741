"""Reading media in a limited subprocess."""
