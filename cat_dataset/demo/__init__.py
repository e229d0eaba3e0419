"""The whole path on a laptop: ``cat-demo`` makes data, trains nano on it and reports what the edits do."""
