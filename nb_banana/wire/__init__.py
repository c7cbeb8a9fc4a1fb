"""HTTP and nothing else. The only room that imports `requests`."""
