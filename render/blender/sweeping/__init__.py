"""From flags to finished series: states, plan, session."""
