"""The small statistics of the weekly review; plain Python, checked against scipy and statsmodels.

In reading order: shares (one share and its interval), strata (a share over layers drawn
at different rates), agreement (two readers and more), control (limits of a week, and the
watch over decisions), many (several tests at once, and percentiles). Nothing divides by
zero: without observations every function gives None.
"""

from runs.rules.stats.shares import (
    CONFIDENCE,
    SHOWN_FROM,
    Interval,
    binomial_at_most,
    clean_needed,
    clopper_pearson,
    lower_bound,
    upper_bound,
    wilson,
)
from runs.rules.stats.strata import (
    Stratified,
    Stratum,
    stratified,
    stratified_interval,
)

__all__ = [
    "CONFIDENCE",
    "SHOWN_FROM",
    "Interval",
    "Stratified",
    "Stratum",
    "binomial_at_most",
    "clean_needed",
    "clopper_pearson",
    "lower_bound",
    "stratified",
    "stratified_interval",
    "upper_bound",
    "wilson",
]
