"""What a generation gave: links or bytes of pictures, and the receipt for all of them."""

from dataclasses import dataclass

from nb_banana.services.receipt import Receipt


@dataclass(frozen=True)
class Item:
    """One picture of an answer: its link, or its bytes where they came in the answer; or both."""

    url: str | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """The pictures of one generation, usually one, and the receipt for all of them."""

    items: tuple[Item, ...]
    receipt: Receipt
