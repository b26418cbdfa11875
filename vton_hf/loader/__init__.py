"""Everything between a dataset and the training loop: torch datasets, collation, samplers, and what a worker does."""
