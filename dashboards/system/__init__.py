"""How the server itself fares: its parts, figures and what to do about them."""
