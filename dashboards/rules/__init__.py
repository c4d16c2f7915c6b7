"""Rules as pages show them: their numbers in words, the form that changes them, and a day tried out."""
