"""What a week still lacks before it can be signed, and what its signed versions say."""

from django.db.models import Count, Q

from runs.models import ReviewWeek, SampledRun


def left_to_sign(week: ReviewWeek) -> tuple[str, ...]:
    """Say what is left before this week can be signed, each as a sentence. One query."""
    found = []
    left = SampledRun.objects.filter(week=week, reviews=None).count()
    if left:
        found.append(f"{left} {'run is' if left == 1 else 'runs are'} not read yet.")
    return tuple(found)


def second_readings_left(week: ReviewWeek) -> int:
    """Count the runs that are to be read by two people and were read by fewer. One query."""
    rows = SampledRun.objects.filter(week=week, is_doubled=True)
    return (
        rows.annotate(readers=Count("reviews", distinct=True))
        .filter(Q(readers__lt=2))
        .count()
    )
