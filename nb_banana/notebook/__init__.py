"""IPython: the magic, its line, its options, Tab."""
