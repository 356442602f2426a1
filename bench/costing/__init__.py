"""What `python -m bench cost` is made of: prices, what one event uses (measured), and the sum."""
