"""Key performance indicators: what each is, over which work and days, and what it came to."""
