"""What a step minimises: flow matching, its times and its options."""
