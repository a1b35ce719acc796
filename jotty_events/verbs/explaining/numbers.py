"""Numbers as an explanation writes them: to six decimals, and at least to two."""

_PLACES = 6
_LARGE, _SMALL = 1e9, 1e-6


def figure(value: float | None) -> str:
    """Return a number such as 0.50, 0.4455 or 1e-09."""
    if value is None:
        return "null"
    if value != 0.0 and not _SMALL <= abs(value) < _LARGE:
        return repr(value)
    whole, _, rest = f"{value:.{_PLACES}f}".partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2}"


def moved(before: float, rate: float, to: str, *, factor: str = "") -> str:
    """Return the right side of a value that moves from `before` towards something by a rate."""
    return f"clamp({figure(before)} + {figure(rate)} * ({to} - {figure(before)}){factor})"
