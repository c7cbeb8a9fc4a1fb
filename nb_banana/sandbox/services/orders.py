"""What each service checks alike: words, one of several values, pictures, a count."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from nb_banana.models import SCALES, SIZES
from nb_banana.sandbox.catalogue import CREDITS_PER_USD
from nb_banana.sandbox.exchange import Refused
from nb_banana.sandbox.validation import Fetch, GenerationOrder, is_uri, read_references, scaled

MOST_REFERENCES = 14
MOST_PICTURES = 4


class Checker:
    """Reads the fields of one body; ``wrong`` has the place and the hint of what is not right."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self.wrong: list[tuple[str, str]] = []

    def refuse_wrong(self) -> None:
        """Refuse a body in which something is not right. Raises Refused with all of it."""
        if self.wrong:
            raise Refused(400, "; ".join(f"{name}: {hint}" for name, hint in self.wrong))

    def text(self, name: str) -> str:
        """A text that has to be there."""
        value = self.fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong.append((name, "Field required" if value is None else "Expected a text"))
        return ""

    def choice(self, name: str, allowed: Iterable[str]) -> str | None:
        """One of several values; None where it is left out."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value in allowed:
            return value
        self.wrong.append((name, f"Input should be one of {', '.join(allowed)}"))
        return None

    def switch(self, name: str) -> bool:
        """True or False."""
        value = self.fields.get(name, False)
        if not isinstance(value, bool):
            self.wrong.append((name, "Expected true or false"))
        return value is True

    def whole(self, name: str) -> None:
        """A whole number, which changes nothing here."""
        value = self.fields.get(name)
        if value is not None and type(value) is not int:
            self.wrong.append((name, "Expected a whole number"))

    def count(self, name: str) -> int:
        """How many pictures."""
        value = self.fields.get(name, 1)
        if type(value) is int and 1 <= value <= MOST_PICTURES:
            return value
        self.wrong.append((name, f"Expected a number from 1 to {MOST_PICTURES}"))
        return 1

    def pictures(self, name: str, uris: list[Any], fetch: Fetch) -> tuple[bytes, ...]:
        """Reference pictures by their addresses."""
        texts = [each for each in uris if isinstance(each, str) and is_uri(each)]
        if len(uris) > MOST_REFERENCES:
            self.wrong.append((name, f"At most {MOST_REFERENCES} pictures"))
        elif len(texts) < len(uris):
            self.wrong.append((name, "Expected addresses"))
        else:
            hints: list[str] = []
            found = read_references(texts, fetch, hints)
            self.wrong += [(name, hint) for hint in hints]
            return found
        return ()

    def order(
        self,
        model: str,
        prompt: str,
        *,
        ratio: str | None,
        resolution: str,
        count: int,
        references: tuple[bytes, ...],
        price: Decimal,
        wants_link: bool = False,
    ) -> GenerationOrder:
        """The order, where nothing is wrong."""
        shape, scale = SIZES[ratio or "1:1"], SCALES[resolution]
        return GenerationOrder(
            model=model,
            prompt=prompt,
            size=scaled(shape, scale),
            small=scaled(shape, 1.0 if scale > 1 else 0.5),
            count=count,
            references=references,
            credits=round(price * count * CREDITS_PER_USD),
            wants_link=wants_link,
        )
