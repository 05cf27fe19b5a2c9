"""Cross-region copies of OCI block volume, boot volume and volume group backups."""
