"""What runs in the environments that are measured; nothing here needs what only one of them has.

``python -m tests.benchmarks.work MODULE ARGUMENTS`` calls ``measure`` of the module with the
arguments (JSON), and prints what it returns: numbers by name, seconds and bytes.
"""
