"""Training recipes. Each reruns from one command with a fixed seed and prints its figures."""
