"""Which requests reach the API: host names, sites, tokens, and read-only workers."""
