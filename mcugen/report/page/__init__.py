"""The report page: one self-contained HTML file about a module, drawn from plain data."""
