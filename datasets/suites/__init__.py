"""What each detector is measured on: one module per detector, each a stream of trials."""
