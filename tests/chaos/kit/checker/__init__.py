"""Reads a history and says which promises it breaks. Knows nothing of the implementation."""
