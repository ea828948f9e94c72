"""Numbers as pages show them: over a chosen scope, beside targets, baselines and series."""
