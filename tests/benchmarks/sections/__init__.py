"""The sections, in the order of the page."""

from ..cases import Section
from . import first, generation, load

SECTIONS: dict[str, Section] = {
    each.name: each for each in (generation.HTTP, generation.TLS, load.SECTION, first.SECTION)
}
