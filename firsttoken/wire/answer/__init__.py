"""An answer: bytes and their stamps in, marks, counts and an outcome out. Pure."""
