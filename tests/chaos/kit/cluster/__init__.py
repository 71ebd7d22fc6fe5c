"""The system under test: Redis servers, coordinators, and the network between them."""
