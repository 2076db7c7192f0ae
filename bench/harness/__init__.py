"""What bench/run and bench/guard share. Python 3.9+, nothing to install."""
