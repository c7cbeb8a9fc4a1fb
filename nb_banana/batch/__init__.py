"""Many requests: sweeps, takes, lists of prompts; in the background, by other processes."""
