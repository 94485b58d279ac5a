"""Optional fast paths of a request client."""
