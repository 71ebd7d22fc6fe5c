"""What the end-to-end tests are written with: real processes, plain clients, checks."""
