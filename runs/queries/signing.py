"""What a week still lacks before it can be signed, and what its signed versions say."""

from runs.models import ReviewWeek, SampledRun


def left_to_sign(week: ReviewWeek) -> tuple[str, ...]:
    """Say what is left before this week can be signed, each as a sentence. One query."""
    found = []
    left = SampledRun.objects.filter(week=week, reviews=None).count()
    if left:
        noun = "run is" if left == 1 else "runs are"
        found.append(f"{left} {noun} not read yet.")
    return tuple(found)
