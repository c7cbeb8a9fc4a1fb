"""The tables of the library's index, version by version.

A version that is out is never changed: a new one is one more entry of `MIGRATIONS`.
"""

from typing import Any

Row = dict[str, Any]  # a row, by the names of its columns

VERSION_1 = (
    # A row for each request, written down before it is sent. `seq` counts them as they were asked,
    # so that the newest is the one asked last, also where an older one is recovered later.
    """CREATE TABLE requests (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,        -- our own, which the service's log has too
        service TEXT NOT NULL,          -- the service kind: pictures of another one do not count
        state TEXT NOT NULL,
        key TEXT NOT NULL,              -- a hash of all that decides the picture
        family TEXT NOT NULL,           -- the key of take 1: what all takes of it share
        take INTEGER NOT NULL,
        prompt TEXT NOT NULL,
        folded TEXT NOT NULL,           -- the prompt as it is searched
        model TEXT NOT NULL,
        parameters TEXT NOT NULL,       -- JSON: the other fields of the request
        refs TEXT NOT NULL,             -- JSON: digest, label, and address where it is one
        parents TEXT NOT NULL,          -- JSON: digests of the pictures that it was made from
        notebook TEXT,
        created TEXT NOT NULL,          -- times are UTC, ISO 8601
        changed TEXT NOT NULL,
        host TEXT, pid INTEGER, started TEXT,   -- who works on it; NULL when nobody does
        links TEXT,                     -- JSON: where the answer's pictures are
        error TEXT,
        answered TEXT, answered_by TEXT, sandbox INTEGER,
        inference_id TEXT, credits INTEGER, usd TEXT, seconds REAL, attempts INTEGER
    )""",
    # Without the state: a step then writes fewer pages, and a key has few rows.
    "CREATE INDEX requests_by_key ON requests (key)",
    "CREATE INDEX requests_by_family ON requests (family)",
    "CREATE INDEX requests_unfinished ON requests (service) "
    "WHERE state IN ('written', 'sent', 'answered', 'unknown')",
    """CREATE TABLE pictures (
        request_id TEXT NOT NULL REFERENCES requests (id),
        position INTEGER NOT NULL,      -- in the answer, which nearly always has one picture
        digest TEXT NOT NULL,           -- SHA-256 of the bytes
        mime TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        size INTEGER NOT NULL,          -- bytes
        path TEXT NOT NULL,             -- from the library's folder, with forward slashes
        PRIMARY KEY (request_id, position)
    ) WITHOUT ROWID""",
    "CREATE INDEX pictures_by_digest ON pictures (digest)",
    """CREATE TABLE reference_files (
        digest TEXT PRIMARY KEY,        -- what the request calls it
        content TEXT NOT NULL,          -- SHA-256 of the bytes; nearly always the same
        mime TEXT NOT NULL,
        size INTEGER NOT NULL,
        path TEXT NOT NULL
    ) WITHOUT ROWID""",
)

VERSION_2 = (
    # A picture that came with a lesson was paid by somebody else: it is in no bill of this library.
    "ALTER TABLE requests ADD COLUMN came_along INTEGER NOT NULL DEFAULT 0",
)

VERSION_3 = (
    # A service that has a queue gives a ticket before the work: JSON of its name and of the handle.
    "ALTER TABLE requests ADD COLUMN ticket TEXT",
    # Whether what it cost is the price of the service's page, and no bill.
    "ALTER TABLE requests ADD COLUMN about INTEGER NOT NULL DEFAULT 0",
    "DROP INDEX requests_unfinished",
    "CREATE INDEX requests_unfinished ON requests (service) "
    "WHERE state IN ('written', 'sent', 'accepted', 'answered', 'unknown')",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (VERSION_1, VERSION_2, VERSION_3)
"""``MIGRATIONS[n]`` are the statements that lead from version n to version n + 1."""
