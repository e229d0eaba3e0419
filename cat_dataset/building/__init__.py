"""What turns series folders into shards and manifests: survey, intake, packing, tables, commit."""
