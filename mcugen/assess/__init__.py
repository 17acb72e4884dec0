"""`mcugen accuracy`: a module or model held against its float program, and what would bring it closer, by trying."""
