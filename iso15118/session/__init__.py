"""WHO may say it WHEN: the sans-IO cores of both sides. No sockets, no clock, no randomness of their own."""
