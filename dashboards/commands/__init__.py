"""What people ask of devices, as pages offer it and tell what became of it."""
