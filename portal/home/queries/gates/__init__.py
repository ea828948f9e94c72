"""What a gate between two phases needs, read live from every room: `providers` is the list."""
