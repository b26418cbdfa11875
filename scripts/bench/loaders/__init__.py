"""Ours and what people would use instead: one module for each."""
