"""Several tests at once, and percentiles of values that weigh unequally."""

from collections.abc import Iterable, Sequence


def benjamini_hochberg(chances: Sequence[float]) -> list[float]:
    """Give each test's chance, raised for how many there were; the order is kept.

    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the
    Royal Statistical Society B 57 (1995): from the largest down, min(p·m/rank, the one
    before). Calling what is at most q a discovery, a share q of discoveries is wrong.
    """
    count = len(chances)
    found = [1.0] * count
    least = 1.0
    order = sorted(range(count), key=lambda place: chances[place], reverse=True)
    for back, place in enumerate(order):
        least = min(least, chances[place] * count / (count - back))
        found[place] = least
    return found


def weighted_percentile(
    values: Iterable[tuple[float, float]], share: float
) -> float | None:
    """Give the least value that this share of the weight lies at or below.

    The inverse of the weighted distribution function: `inverted_cdf` of numpy, Hyndman
    and Fan's first definition, American Statistician 50 (1996). None without weight.
    """
    rows = sorted((value, weight) for value, weight in values if weight > 0)
    total = sum(weight for _, weight in rows)
    if total <= 0:
        return None
    reached = 0.0
    for value, weight in rows:
        reached += weight
        if reached >= share * total * (1 - 1e-12):
            return value
    return rows[-1][0]
