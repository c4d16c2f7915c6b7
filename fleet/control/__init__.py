"""What we ask of a device, and whether it happened."""
