"""Oracle's API through its SDK: the only package that imports `oci`."""
