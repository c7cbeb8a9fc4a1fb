"""What stands in a table where there is nothing. As words it would be drawn, and paid."""

from typing import Any


def is_absent(value: Any) -> bool:
    """Whether a value is None, or what a table has for it: ``nan``, ``NaT``, ``pandas.NA``.

    >>> is_absent(float("nan")), is_absent("nan"), is_absent([])
    (True, False, False)
    """
    if value is None or type(value).__name__ == "NAType":
        return True
    try:
        return bool(value != value)  # such a value is not even itself
    except (TypeError, ValueError):  # an array has an answer for each of its values
        return False
