"""Bytes and Pillow: formats, decoding, metadata, files, contact sheets. Knows no request.

Pillow is imported inside of functions, with the first picture that is touched: it takes its time.
"""
