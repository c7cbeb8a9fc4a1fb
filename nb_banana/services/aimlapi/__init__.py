"""The AI/ML API: how its answers are read, its account, its prices."""
