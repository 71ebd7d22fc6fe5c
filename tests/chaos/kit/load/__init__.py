"""Clients that read and write without end, and write down what they were told."""
