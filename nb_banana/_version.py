"""The version: also what the service is told, and what `doctor` says."""

__version__ = "0.1.0"
