"""What nb_banana costs, beside what a person would pick instead: ``python -m tests.benchmarks``."""
