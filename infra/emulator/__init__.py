"""OCI Block Volume, Events, Functions, Monitoring and Notifications in several regions, in one process."""
