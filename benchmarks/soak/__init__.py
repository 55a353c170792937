"""Load, faults and age: what happens to a site with SessionKit on real servers. Run ``python -m benchmarks.soak``."""
