"""What the function's image holds, and how it is made small: with or without a container engine, by the same code."""
