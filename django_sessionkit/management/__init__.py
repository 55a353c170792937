"""Management commands. They may import every room but ``contrib``."""
