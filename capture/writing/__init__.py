"""Carrying out a plan: developing under caps, judging, writing the series and its report, making it again to compare."""
