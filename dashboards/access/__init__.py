"""The way in, and what pages about people and secrets need."""
