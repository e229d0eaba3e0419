"""How weights move: optimisers, schedules, running averages."""
