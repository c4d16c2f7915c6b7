"""What is said about devices and deeds, in the reader's language."""
