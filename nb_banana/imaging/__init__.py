"""Bytes and Pillow: formats, decoding, metadata, files, contact sheets. Knows no request."""
