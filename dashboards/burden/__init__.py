"""What is asked of the people on duty, as figures in words and as plots."""
