"""OCI Block Volume, Events, Monitoring and Notifications in several regions, in one process."""
