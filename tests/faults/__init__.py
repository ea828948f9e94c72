"""Real faults: processes killed, services away. What was promised before still holds."""
