"""The sections, in the order of the page."""

from ..cases import Section
from . import (
    batch,
    first,
    generation,
    large,
    library,
    load,
    memory,
    notebook,
    progress,
    reference,
    refused,
    shown,
)

SECTIONS: dict[str, Section] = {
    each.name: each
    for each in (
        generation.HTTP,
        generation.TLS,
        load.SECTION,
        first.SECTION,
        notebook.SECTION,
        shown.SECTION,
        batch.SECTION,
        refused.SECTION,
        memory.SECTION,
        reference.SECTION,
        library.SECTION,
        large.SECTION,
        progress.SECTION,
    )
}
