"""The Block Volume service: volumes, boot volumes, groups of them, and the three kinds of backup."""
