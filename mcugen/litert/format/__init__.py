"""The format of LiteRT model files, as data for whoever reads or writes them."""
