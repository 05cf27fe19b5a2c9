"""Everything around the function: the emulated cloud, the local Fn server, and the stack for a tenancy."""
