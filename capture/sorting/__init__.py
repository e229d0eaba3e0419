"""What a folder of camera files holds: groups, what varies in each, and why a file belongs to none."""
