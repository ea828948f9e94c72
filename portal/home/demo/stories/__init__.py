"""The runs of each workflow: refunds, voice, remediation, security, publishing.

Each file offers `story(number, chance)`, which picks what happens in one run, and every
story is a course: it tells and asks through its scene and yields how long things take.
"""
