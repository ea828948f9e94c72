"""How far two readers, or more, gave the same answers about the same runs.

`readings` holds one row per run, with every answer that was given about it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

type Readings = Iterable[Sequence[str]]


def raw_agreement(readings: Readings) -> float | None:
    """Give the share of pairs of answers that are the same; None without a pair.

    With two readers it is the share of runs answered alike. With more, the mean over
    runs of the pairs alike (J. L. Fleiss, Psychological Bulletin 76, 1971).
    """
    shares = [_alike(row) for row in readings if len(row) >= 2]
    return sum(shares) / len(shares) if shares else None


def cohens_kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Give the agreement of two readers beyond chance; None when chance explains all.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and
    Psychological Measurement 20 (1960): (p_o - p_e)/(1 - p_e), with p_e from each
    reader's own shares.
    """
    rows = list(pairs)
    if not rows:
        return None
    count = len(rows)
    observed = sum(one == two for one, two in rows) / count
    ones, twos = Counter(one for one, _ in rows), Counter(two for _, two in rows)
    expected = sum(ones[answer] * twos[answer] for answer in ones) / count**2
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(readings: Readings) -> float | None:
    """Give the agreement of any number of readers, some answers missing.

    K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), nominal data:
    1 - (n-1) Σ o_ck / Σ n_c·n_k over c ≠ k, where o is the matrix of coincidences and a
    run with one answer pairs with nothing. None without pairs, or when all answers are
    one and the same.
    """
    totals: Counter[str] = Counter()
    unlike = 0.0
    for row in readings:
        if len(row) < 2:
            continue
        counts = Counter(row)
        totals.update(row)
        pairs = len(row) ** 2 - sum(count * count for count in counts.values())
        unlike += pairs / (len(row) - 1)
    size = sum(totals.values())
    expected = size**2 - sum(count * count for count in totals.values())
    return None if expected == 0 else 1 - (size - 1) * unlike / expected


def gwet_ac1(readings: Readings, *, answers: int) -> float | None:
    """Give agreement beyond chance that does not collapse when nearly all say yes.

    K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of
    high agreement", British Journal of Mathematical and Statistical Psychology 61
    (2008): chance is Σ π_q(1-π_q)/(Q-1) over the Q answers that could be given.
    """
    rows = [row for row in readings if row]
    observed = raw_agreement(rows)
    if observed is None or answers < 2:
        return None
    means: Counter[str] = Counter()
    for row in rows:
        for answer, count in Counter(row).items():
            means[answer] += count / len(row)  # type: ignore[assignment]
    shares = [total / len(rows) for total in means.values()]
    expected = sum(share * (1 - share) for share in shares) / (answers - 1)
    return (observed - expected) / (1 - expected)


def pabak(readings: Readings, *, answers: int) -> float | None:
    """Give kappa with even chances for every answer: (Q·p_o - 1)/(Q - 1).

    T. Byrt, J. Bishop and J. B. Carlin, "Bias, prevalence and kappa", Journal of
    Clinical Epidemiology 46 (1993); for more answers than two R. L. Brennan and D. J.
    Prediger (1981).
    """
    observed = raw_agreement(readings)
    if observed is None or answers < 2:
        return None
    return (answers * observed - 1) / (answers - 1)


def _alike(row: Sequence[str]) -> float:
    count = len(row)
    pairs = sum(same * (same - 1) for same in Counter(row).values())
    return pairs / (count * (count - 1))
