"""The same pixels in another file, as no two pictures of a model are the same file."""

import struct
import zlib


def numbered(data: bytes, number: int) -> bytes:
    """The picture with its number written into it."""
    text = f"number\0{number}".encode()
    if data.startswith(b"\xff\xd8"):
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + data[2:]
    chunk = b"tEXt" + text
    whole = struct.pack(">I", len(text)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + whole + data[33:]
