"""`vton-hf doctor`: looks at all that a build needs, and says of what is wrong what to do next."""
