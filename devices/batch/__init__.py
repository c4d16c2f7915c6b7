"""What a batch of device messages says: numbers, time, live state, sums.  Pure; the store writes it down."""
