"""Lists and search: filters, order and page in the address, the same rows as CSV."""
