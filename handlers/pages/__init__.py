"""How the recovery-point report looks to people. Pure: a page is a function of the report."""
