"""One request from its options to its picture: library, budget, journal, service."""
