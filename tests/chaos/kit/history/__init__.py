"""What happened: every operation, fault and state seen, in files."""
