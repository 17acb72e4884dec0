"""Rows of the lowering table: one for each aten operator, a file for each family."""
