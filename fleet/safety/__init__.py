"""What is wrong, and what became of it: rules over facts, and the life of an alert."""
