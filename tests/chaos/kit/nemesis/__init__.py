"""What breaks the system, from a seed, and never more than the promises cover."""
