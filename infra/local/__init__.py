"""The Fn side on one machine: starts the function as Fn does, serves the Fn HTTP API, and shows the film."""
