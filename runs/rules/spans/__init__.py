"""Spans of telemetry: what they are, what they hint at, what they tell of a run."""
