"""``cat-view``: a local web page over a packed dataset, live from its shards or as a static copy."""
