"""What goes wrong in a cloud, on purpose: told by a script, or drawn from a seed."""
