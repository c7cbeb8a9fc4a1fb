"""Money in words. It is `Decimal` everywhere, never a float."""

from decimal import Decimal


def dollars(amount: Decimal | None) -> str:
    """An amount as people read it: tenths of a cent where they matter.

    >>> dollars(Decimal("0.0894875")), dollars(Decimal("0.06")), dollars(Decimal(0)), dollars(None)
    ('$0.089', '$0.06', '$0', 'price not said')
    """
    if amount is None:
        return "price not said"
    if not amount:
        return "$0"
    if amount < Decimal("0.0005"):
        return "<$0.001"
    text = f"{amount:,.3f}"
    return "$" + (text[:-1] if text.endswith("0") else text)
