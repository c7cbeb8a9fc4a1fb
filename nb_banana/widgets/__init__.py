"""The panel: the request by hand."""
