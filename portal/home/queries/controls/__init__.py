"""Controls of laws and standards, and the records here that are their evidence."""
