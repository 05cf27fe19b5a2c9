"""What is decided, as functions of data: no clock, no network, no logging, no environment."""
