"""Packages that other tools take as they are: an emitted module in the layout of each. See docs/packages.md."""
