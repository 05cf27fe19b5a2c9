"""What the function is made of: the locked packages, what is known against them, and the bill of materials."""
