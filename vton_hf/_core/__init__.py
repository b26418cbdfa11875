"""What every part of the package needs: checks of values, concurrency, timing."""
