"""Who draws, and how it is asked. What is the AI/ML API's own is in `aimlapi`."""
